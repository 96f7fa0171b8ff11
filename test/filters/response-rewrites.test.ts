import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { createQueryOrigin } from "../support/worker/query-origin.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness();
  const { respondAs } = createQueryOrigin();
  await edge.startOrigin("203.0.113.10:80", respondAs("shop", "status"));
  await edge.startOrigin("203.0.113.12:80", respondAs("errors", "page"));
  const rewriting = { "proxy-redirect-from": "http://inner.example.com/", "proxy-redirect-to": "/" };
  const toShop = { ...rewriting, "proxy-redirect-to": "https://shop.example.com/" };
  const cookies = { "proxy-cookie-domain": ".inner.example.com shop.example.com", "proxy-cookie-path": "/inner/ /" };
  const pages = { "custom-http-errors": "404,503", "default-backend": "errors" };
  await edge.publish(
    buildManifests(
      {
        pages: { annotations: { ...pages, ...cookies } },
        shop: { annotations: { ...toShop, ...cookies } },
        "to-path": { annotations: rewriting },
        relative: { annotations: { ...rewriting, "relative-redirects": "true" } },
        moved: { annotations: { ...toShop, "rewrite-target": "http://inner.example.com/a" } },
      },
      { shop: ["203.0.113.10"], errors: ["203.0.113.12"] },
    ),
  );
});

after(() => edge.close());

async function fetchHeaders(host: string, path: string) {
  return (await sendRequest(edge, `http://${host}.example.com${path}`)).headers;
}

/** Returns the client's Location if the origin redirects to `location`. */
async function fetchLocation(host: string, location: string) {
  return (await fetchHeaders(host, `/?status=302&location=${encodeURIComponent(location)}`)).location;
}

/** Returns the client's cookies if the origin sets `cookies`. */
async function fetchCookies(host: string, ...cookies: string[]) {
  const query = cookies.map((cookie) => `cookie=${encodeURIComponent(cookie)}`).join("&");
  return (await fetchHeaders(host, `/?${query}`))["set-cookie"];
}

test("proxy-redirect-to replaces the beginning of Location", async () => {
  assert.equal(
    await fetchLocation("shop", "http://inner.example.com/a?b=http://inner.example.com/"),
    "https://shop.example.com/a?b=http://inner.example.com/",
  );
});

test("proxy-redirect-from keeps other locations, and compares upper and lower case", async () => {
  for (const location of ["/a", "http://inner.example.com", "HTTP://inner.example.com/a", "http://x/"]) {
    assert.equal(await fetchLocation("shop", location), location);
  }
});

test("The edge completes a path of proxy-redirect-to to a URL, unless relative-redirects is true", async () => {
  assert.equal(await fetchLocation("to-path", "http://inner.example.com/a"), "http://to-path.example.com/a");
  assert.equal(await fetchLocation("to-path", "/a"), "/a");
  assert.equal(await fetchLocation("relative", "http://inner.example.com/a"), "/a");
});

test("proxy-redirect-to replaces the beginning of the URL of Refresh", async () => {
  const refresh = encodeURIComponent("5; URL=http://inner.example.com/a");
  assert.equal((await fetchHeaders("shop", `/?refresh=${refresh}`)).refresh, "5; URL=https://shop.example.com/a");
});

test("proxy-redirect-from does not apply to redirects of the edge", async () => {
  assert.equal((await fetchHeaders("moved", "/")).location, "http://inner.example.com/a");
});

test("proxy-cookie-domain and proxy-cookie-path replace domain and path of every cookie, and nothing else", async () => {
  assert.deepEqual(
    await fetchCookies(
      "shop",
      "a=inner.example.com; Path=/inner/x; Domain=Inner.example.com; HttpOnly",
      "b=1; expires=Wed, 21 Oct 2026 07:28:00 GMT; domain=.inner.example.com;path=/inner/",
      "c=Path=/inner/",
    ),
    [
      "a=inner.example.com; Path=/x; Domain=shop.example.com; HttpOnly",
      "b=1; expires=Wed, 21 Oct 2026 07:28:00 GMT; domain=.shop.example.com;path=/",
      "c=Path=/inner/",
    ],
  );
});

test("proxy-cookie-domain and proxy-cookie-path keep other domains and paths", async () => {
  const cookie = "a=1; Domain=deeper.inner.example.com; Path=/inner; Secure";
  assert.deepEqual(await fetchCookies("shop", cookie), [cookie]);
});

test("proxy-cookie-path does not apply to the cookies of an error page", async () => {
  const headers = await fetchHeaders("pages", "/?status=404&cookie=a%3D1%3B%20Path%3D%2Finner%2F");
  assert.deepEqual(headers["set-cookie"], ["a=1; Path=/inner/"]);
});
