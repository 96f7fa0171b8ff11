import assert from "node:assert/strict";
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import {
  buildIngressManifest,
  buildServiceManifest,
  sendRequest,
  startWorkerHarness,
  type WorkerHarness,
} from "../support/worker-harness.ts";

// Origins that do as a request tells them, which those of the fixtures do not.

interface OriginRequestRecord {
  readonly name: string;
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const originRequests: OriginRequestRecord[] = [];
let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness();
  await edge.publish(buildClusterObjects());
  await edge.startOrigin("203.0.113.10:80", (request, response) => respondFromQuery("shop", request, response));
  await edge.startOrigin("203.0.113.12:80", (request, response) => respondFromQuery("errors", request, response));
  edge.stack.forward("203.0.113.13:80", "127.0.0.1:9"); // nobody listens there
});

after(() => edge.close());

describe("custom-http-errors", () => {
  test("a listed status of the origin is replaced by the default backend's answer", async () => {
    const path = "/a/b?status=404&body=secret";
    const answer = await fetchPage("pages.example.com", path, { Accept: "text/html", "X-Request-ID": "abc" });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers["x-origin"], "errors");
    const page = originRequests.at(-1);
    assert.equal(page?.name, "errors");
    assert.equal(page?.method, "GET");
    assert.equal(page?.url, "/?status=404&body=secret", "nginx keeps the query");
    assert.equal(page?.headers.host, "pages.example.com");
    const told = {
      "x-code": "404",
      "x-format": "text/html",
      "x-original-uri": path,
      "x-namespace": "default",
      "x-ingress-name": "pages",
      "x-service-name": "shop",
      "x-service-port": "80",
      "x-request-id": "abc",
      "x-forwarded-for": "127.0.0.1",
    };
    for (const [name, value] of Object.entries(told)) assert.equal(page?.headers[name], value, name);
    for (const name of ["x-real-ip", "x-forwarded-host", "x-forwarded-proto", "x-scheme", "x-forwarded-port"]) {
      assert.equal(page?.headers[name], undefined, name);
    }
  });

  test("the page's own status is the client's", async () => {
    const answer = await fetchPage("pages.example.com", "/?status=503&page=418");
    assert.equal(answer.status, 418);
    assert.equal(answer.body, "errors");
  });

  test("a page that fails too is not replaced again", async () => {
    const answer = await fetchPage("pages.example.com", "/?status=503&page=404");
    assert.equal(answer.status, 404);
    assert.equal(originRequests.at(-1)?.headers["x-code"], "503");
  });

  test("a body that was sent is not sent again, the method is", async () => {
    const answer = await fetchPage("pages.example.com", "/?status=503", {}, { method: "POST", body: "order" });
    assert.equal(answer.status, 200);
    assert.deepEqual(
      originRequests.slice(-2).map(({ name, method, body }) => ({ name, method, body })),
      [
        { name: "shop", method: "POST", body: "order" },
        { name: "errors", method: "POST", body: "" },
      ],
    );
  });

  test("other statuses pass", async () => {
    const answer = await fetchPage("pages.example.com", "/?status=500&body=own");
    assert.equal(answer.status, 500);
    assert.equal(answer.body, "own");
  });

  test("disable-proxy-intercept-errors leaves the origin's own alone, not the edge's", async () => {
    const own = await fetchPage("own.example.com", "/?status=502&body=own");
    assert.deepEqual([own.status, own.body], [502, "own"]);
    const edges = await fetchPage("own.example.com", "/refused");
    assert.equal(edges.headers["x-origin"], "errors");
    assert.equal(originRequests.at(-1)?.headers["x-code"], "502");
  });

  test("without a default backend the page is a 404 of the edge", async () => {
    const answer = await fetchPage("without.example.com", "/?status=503&body=secret");
    assert.equal(answer.status, 404);
    assert.doesNotMatch(answer.body, /secret/);
  });

  test("the cookies of a page are as the default backend sets them", async () => {
    const answer = await fetchPage("pages.example.com", "/?status=404&cookie=a%3D1%3B%20Path%3D%2Finner%2F");
    assert.deepEqual(answer.headers["set-cookie"], ["a=1; Path=/inner/"]);
  });
});

describe("proxy-redirect-from and proxy-redirect-to", () => {
  const located = async (host: string, location: string) =>
    (await fetchPage(host, `/?status=302&location=${encodeURIComponent(location)}`)).headers.location;

  test("replace the beginning of Location", async () => {
    assert.equal(
      await located("shop.example.com", "http://inner.example.com/a?b=http://inner.example.com/"),
      "https://shop.example.com/a?b=http://inner.example.com/",
    );
  });

  test("leave others as they are, with case and all", async () => {
    for (const other of ["/a", "http://inner.example.com", "HTTP://inner.example.com/a", "http://x/"]) {
      assert.equal(await located("shop.example.com", other), other);
    }
  });

  test("a path that was put in is completed, unless relative redirects are wanted", async () => {
    assert.equal(await located("to-path.example.com", "http://inner.example.com/a"), "http://to-path.example.com/a");
    assert.equal(await located("to-path.example.com", "/a"), "/a");
    assert.equal(await located("relative.example.com", "http://inner.example.com/a"), "/a");
  });

  test("replace the URL of Refresh", async () => {
    const refresh = encodeURIComponent("5; URL=http://inner.example.com/a");
    const answer = await fetchPage("shop.example.com", `/?refresh=${refresh}`);
    assert.equal(answer.headers.refresh, "5; URL=https://shop.example.com/a");
  });

  test("do not concern redirects of the edge", async () => {
    const answer = await fetchPage("moved.example.com", "/");
    assert.equal(answer.headers.location, "http://inner.example.com/a");
  });
});

describe("proxy-cookie-domain and proxy-cookie-path", () => {
  const cookies = async (host: string, ...given: string[]) =>
    (await fetchPage(host, `/?${given.map((cookie) => `cookie=${encodeURIComponent(cookie)}`).join("&")}`)).headers[
      "set-cookie"
    ];

  test("replace domain and path of every cookie, and nothing else of it", async () => {
    assert.deepEqual(
      await cookies(
        "shop.example.com",
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

  test("leave other domains and paths", async () => {
    const other = "a=1; Domain=deeper.inner.example.com; Path=/inner; Secure";
    assert.deepEqual(await cookies("shop.example.com", other), [other]);
  });
});

test("enable-access-log: a request is logged unless it says false, its error pages too", async () => {
  await fetchPage("quiet.example.com", "/unlogged");
  await fetchPage("quiet.example.com", "/unlogged?status=404");
  await fetchPage("shop.example.com", "/logged", { "X-Request-ID": "logged" });
  await edge.waitForAccessLine("logged");
  assert.ok(!edge.accessLines().some(({ path }) => path === "/unlogged"));
});

/** Answers as the query says: `status`, `location`, `refresh`, `cookie`s, `body`; a page with the status `page`. */
async function respondFromQuery(name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await text(request);
  originRequests.push({ name, method: request.method, url: request.url, headers: request.headers, body });
  const query = new URL(request.url ?? "/", "http://origin").searchParams;
  const status = name === "errors" ? query.get("page") : query.get("status");
  const own = { "X-Origin": name, Location: query.get("location"), Refresh: query.get("refresh") };
  for (const [header, value] of Object.entries(own)) if (value !== null) response.setHeader(header, value);
  response.setHeader("Set-Cookie", query.getAll("cookie"));
  response.writeHead(Number(status ?? 200)).end(name === "errors" ? name : (query.get("body") ?? name));
}

async function fetchPage(
  host: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  { method = "GET", body = "" } = {},
) {
  const answered = await sendRequest(edge, `http://${host}${path}`, { method, headers, body });
  return { ...answered, body: answered.body.toString() };
}

function buildClusterObjects(): object[] {
  const rewriting = { "proxy-redirect-from": "http://inner.example.com/", "proxy-redirect-to": "/" };
  const toShop = { ...rewriting, "proxy-redirect-to": "https://shop.example.com/" };
  const cookies = { "proxy-cookie-domain": ".inner.example.com shop.example.com", "proxy-cookie-path": "/inner/ /" };
  const pages = { "custom-http-errors": "404,503", "default-backend": "errors" };
  const onlyOwn = { "custom-http-errors": "502", "disable-proxy-intercept-errors": "true" };
  return [
    buildAnnotatedIngress("pages", { ...pages, ...cookies }),
    buildAnnotatedIngress("own", { ...pages, ...onlyOwn }),
    buildAnnotatedIngress("without", { "custom-http-errors": "503" }),
    buildAnnotatedIngress("shop", { ...toShop, ...cookies }),
    buildAnnotatedIngress("to-path", rewriting),
    buildAnnotatedIngress("relative", { ...rewriting, "relative-redirects": "true" }),
    buildAnnotatedIngress("moved", { ...toShop, "rewrite-target": "http://inner.example.com/a" }),
    buildAnnotatedIngress("quiet", { ...pages, "enable-access-log": "false" }),
    buildServiceManifest("shop", ["203.0.113.10"]),
    buildServiceManifest("errors", ["203.0.113.12"]),
    buildServiceManifest("refused", ["203.0.113.13"]),
  ];
}

function buildAnnotatedIngress(name: string, annotations: Readonly<Record<string, string>>) {
  const keyed = Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]);
  return buildIngressManifest(
    name,
    `${name}.example.com`,
    { "/": "shop", "/refused": "refused" },
    Object.fromEntries(keyed),
  );
}
