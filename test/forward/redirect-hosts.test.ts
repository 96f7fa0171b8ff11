import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

before(async () => {
  edge = await startWorkerHarness();
  for (const port of [80, 8080])
    await edge.startOrigin(`203.0.113.10:${port}`, (request, response) => respond(request, response));
  const proxyRedirect = {
    "proxy-redirect-from": "http://moved.example.com/app",
    "proxy-redirect-to": "http://moved.example.com/shop",
  };
  const portRedirect = {
    "proxy-redirect-from": "http://ported.example.com:8080/",
    "proxy-redirect-to": "https://ported.example.com/",
  };
  const web = { "/": "web:8080" };
  await edge.publish([
    buildIngressManifest("plain", "plain.example.com", web),
    buildIngressManifest("named", "named.example.com", web, withNginxPrefix({ "upstream-vhost": "back.example.com" })),
    buildIngressManifest("moved", "moved.example.com", web, withNginxPrefix(proxyRedirect)),
    buildIngressManifest("ported", "ported.example.com", web, withNginxPrefix(portRedirect)),
    buildIngressManifest("any", undefined, { "/": "standard", "/web": "web:8080" }),
    buildIngressManifest("standard", "standard.example.com", { "/": "standard" }),
    buildServiceManifest("web", ["203.0.113.10"], 8080),
    buildServiceManifest("standard", ["203.0.113.10"]),
  ]);
});

after(() => edge.close());

beforeEach(() => {
  respond = (_, response) => response.end();
});

const REDIRECT_HEADERS = ["Location", "Content-Location", "Refresh"] as const;

/** Returns what the client receives if the origin sends a redirect header with a value. "HOST" is the origin's Host. */
async function fetchRedirect(url: string, name: (typeof REDIRECT_HEADERS)[number], value: string): Promise<unknown> {
  respond = ({ headers }, response) =>
    response.writeHead(302, { [name]: value.replace("HOST", headers.host ?? "") }).end();
  return (await sendRequest(edge, url)).headers[name.toLowerCase()];
}

test("The port that only the edge's fetch has is not in the client's redirects", async () => {
  const url = "http://plain.example.com/";
  assert.equal(await fetchRedirect(url, "Location", "http://HOST/login"), "http://plain.example.com/login");
  assert.equal(await fetchRedirect(url, "Location", "https://HOST/login?a#b"), "https://plain.example.com/login?a#b");
  assert.equal(await fetchRedirect(url, "Location", "HTTPS://HOST?a"), "HTTPS://plain.example.com?a");
  assert.equal(await fetchRedirect(url, "Location", "//HOST/login"), "//plain.example.com/login");
  assert.equal(await fetchRedirect(url, "Location", "http://PLAIN.example.com:8080"), "http://plain.example.com");
  assert.equal(await fetchRedirect(url, "Content-Location", "http://HOST/en"), "http://plain.example.com/en");
  assert.equal(await fetchRedirect(url, "Refresh", "5; url=http://HOST/next"), "5; url=http://plain.example.com/next");
  assert.equal(await fetchRedirect(url, "Refresh", '0;URL="//HOST/next"'), '0;URL="//plain.example.com/next"');
});

test("The client receives every other redirect as the origin sent it", async () => {
  const values = [
    "/login",
    "login?next=http://HOST/",
    "http://HOST0/login",
    "http://HOST@idp.example.org/",
    "http://other.example.com:8080/",
    "http://plain.example.com:8081/",
    "http://plain.example.com/",
    "https://idp.example.org/?rd=http://HOST/",
  ];
  for (const value of values) {
    const received = await fetchRedirect("http://plain.example.com/", "Location", value);
    assert.equal(received, value.replace("HOST", "plain.example.com:8080"));
  }
  for (const value of ["5", "5; url=/next", "url=http://plain.example.com:8081/"])
    assert.equal(await fetchRedirect("http://plain.example.com/", "Refresh", value), value);
});

test("The client's own port stays in redirects", async () => {
  const sameUrl = "http://plain.example.com:8080/";
  assert.equal(await fetchRedirect(sameUrl, "Location", "http://HOST/login"), "http://plain.example.com:8080/login");
  const otherUrl = "http://plain.example.com:9999/";
  assert.equal(await fetchRedirect(otherUrl, "Location", "http://HOST/login"), "http://plain.example.com:9999/login");
});

test("A redirect to the port of another Service is not changed on a Service port 80", async () => {
  const location = "http://standard.example.com:8080/admin";
  assert.equal(await fetchRedirect("http://standard.example.com/", "Location", location), location);
});

test("The host of upstream-vhost is in redirects without the port", async () => {
  const location = await fetchRedirect("http://named.example.com/", "Location", "http://HOST/login");
  assert.equal(location, "http://back.example.com/login");
});

test("proxy-redirect-from matches the redirect without the port, and the origin's own spelling", async () => {
  const location = await fetchRedirect("http://moved.example.com/", "Location", "http://HOST/app/x");
  assert.equal(location, "http://moved.example.com/shop/x");
  const portLocation = await fetchRedirect("http://ported.example.com/", "Location", "http://HOST/x");
  assert.equal(portLocation, "https://ported.example.com/x");
  const refresh = await fetchRedirect("http://ported.example.com/", "Refresh", "5; url=http://HOST/x");
  assert.equal(refresh, "5; url=https://ported.example.com/x");
});

test("The name of the origin's record is not in redirects for a host outside of the zones", async () => {
  for (const path of ["/", "/web"]) {
    const location = await fetchRedirect(`http://192.0.2.7${path}`, "Location", "http://HOST/login");
    assert.equal(location, "http://192.0.2.7/login");
  }
});
