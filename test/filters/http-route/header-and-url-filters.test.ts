import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RouteFilter } from "../../../src/rules/policies/route-filters.ts";
import { findHeaderValues, sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { publishRoutes, type RouteSummary } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

const ADDRESS = "203.0.113.10";

let edge: WorkerHarness;
let origin: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  origin = await startOriginServer(`${ADDRESS}:80`, edge.stack);
  const prefix = (match: string, replacement: string) => ({ path: { type: "prefix", match, replacement } }) as const;
  const redirect = { type: "redirect", code: 302 } as const;
  await publishRoutes(
    edge,
    {
      headers: buildRoute({
        type: "request-headers",
        set: [["X-Set", "route"]],
        add: [
          ["X-Add", "route"],
          ["x-forwarded-for", "192.0.2.9"],
        ],
        remove: ["X-GONE", "X-Real-IP"],
      }),
      responses: buildRoute({
        type: "response-headers",
        set: [["X-Set", "route"]],
        add: [
          ["X-Add", "route"],
          ["Set-Cookie", "b=2"],
        ],
        remove: ["x-gone"],
      }),
      "redirect-headers": buildRoute(
        { ...redirect, host: "new.example.com" },
        { type: "response-headers", set: [["X-Set", "route"]] },
      ),
      cookies: buildRoute({ type: "request-headers", add: [["cookie", "b=2"]] }),
      redirect: buildRoute(redirect),
      "redirect-https": buildRoute({ ...redirect, scheme: "https", code: 301 }),
      "redirect-port": buildRoute({ ...redirect, port: 8443, code: 308 }),
      "redirect-default": buildRoute({ ...redirect, scheme: "https", port: 443 }),
      "redirect-prefix": buildRoute({ ...redirect, ...prefix("/foo", "/xyz"), code: 307 }),
      "redirect-full": buildRoute({ ...redirect, path: { type: "full", path: "/a b?c" }, code: 303 }),
      "rewrite-prefix": buildRoute({ type: "rewrite", ...prefix("/foo/", "/xyz/") }),
      "rewrite-root": buildRoute({ type: "rewrite", ...prefix("/foo", "/") }),
      "rewrite-full": buildRoute({ type: "rewrite", path: { type: "full", path: "/one" } }),
      "rewrite-host": buildRoute({ type: "rewrite", host: "inner.example.com" }),
      "rewrite-zone": buildRoute({ type: "rewrite", host: "inner.example.org" }),
      rejected: buildRoute({ type: "reject", status: 500, reason: "unknown filter: Magic" }),
      ...Object.fromEntries(
        ["Content-Length", "transfer-encoding", "Connection", "Upgrade", "Host", "CF-Connecting-IP"].map((name) => [
          `reserved-${name.toLowerCase()}`,
          buildRoute({ type: "request-headers", remove: [name] }),
        ]),
      ),
      "reserved-response": buildRoute({ type: "response-headers", set: [["Content-Length", "0"]] }),
      "reserved-value": buildRoute({ type: "request-headers", set: [["X-Set", "a\r\nb"]] }),
      "reserved-dots": buildRoute({ type: "rewrite", ...prefix("/foo", "/xyz/..") }),
      plain: { service: "shop", policies: {} },
    },
    { shop: [ADDRESS] },
  );
});

after(async () => {
  await edge.close();
  await origin.close();
});

function buildRoute(...filters: RouteFilter[]): RouteSummary {
  return { service: "shop", policies: { routeFilters: { filters } } };
}

function send(host: string, path = "/", headers: Readonly<Record<string, string>> = {}, scheme = "http") {
  return sendRequest(edge, `${scheme}://${host}.example.com${path}`, { headers });
}

async function findLocation(host: string, path = "/", scheme = "http") {
  const { status, headers } = await send(host, path, {}, scheme);
  return `${status} ${headers.location}`;
}

/** Returns the path that the origin gets. */
async function findOriginPath(host: string, path: string) {
  await send(host, path);
  return origin.requests.at(-1)?.path;
}

test("A request-headers filter sets, adds and removes headers, in any case of their names", async () => {
  await send("headers", "/", { "x-set": "client", "X-ADD": "client", "X-Gone": "client", "X-Other": "client" });
  const { headers } = origin.requests.at(-1) ?? {};
  assert.equal(headers?.["x-set"], "route");
  assert.equal(headers?.["x-add"], "client,route");
  assert.equal(headers?.["x-gone"], undefined);
  assert.equal(headers?.["x-other"], "client");
});

test("A cookie is added to those of the client in their form", async () => {
  await send("cookies", "/", { Cookie: "a=1" });
  assert.equal(origin.requests.at(-1)?.headers.cookie, "a=1; b=2");
});

test("A request-headers filter may change the edge's headers for a Service of its namespace", async () => {
  await send("headers");
  const { headers } = origin.requests.at(-1) ?? {};
  assert.equal(headers?.["x-forwarded-for"], "127.0.0.1,192.0.2.9");
  assert.equal(headers?.["x-real-ip"], undefined);
});

test("A filter for a reserved header, an invalid value or dot segments answers 500 to every request", async () => {
  const hosts = ["content-length", "transfer-encoding", "connection", "upgrade", "host", "cf-connecting-ip"];
  for (const host of [...hosts, "response", "value", "dots"]) {
    const { status } = await send(`reserved-${host}`, "/foo", { "X-Request-ID": `reserved-${host}` });
    assert.equal(status, 500, host);
    const { outcome } = await edge.waitForAccessLine(`reserved-${host}`);
    assert.equal(outcome, "invalid-filter", host);
  }
});

test("A response-headers filter changes responses, and adds cookies as lines of their own", async () => {
  origin.respond = (response) =>
    void response.writeHead(404, { "X-Set": "app", "X-Add": "app", "X-Gone": "app", "Set-Cookie": "a=1" }).end();
  const { status, headers, rawHeaders } = await send("responses");
  origin.respond = (response) => void response.end(ADDRESS);
  assert.equal(status, 404);
  assert.equal(headers["x-set"], "route");
  assert.equal(headers["x-add"], "app,route");
  assert.equal(headers["x-gone"], undefined);
  assert.deepEqual(findHeaderValues(rawHeaders, "set-cookie"), ["a=1", "b=2"]);
});

test("A response-headers filter changes the redirect of a filter before it in the list", async () => {
  const { headers } = await send("redirect-headers");
  assert.equal(headers.location, "http://new.example.com/");
  assert.equal(headers["x-set"], "route");
});

test("A redirect keeps path and query, and writes a port only if it is not the scheme's default", async () => {
  assert.equal(await findLocation("redirect", "/a%2Fb?c=d"), "302 http://redirect.example.com/a%2Fb?c=d");
  assert.equal(await findLocation("redirect", "/", "https"), "302 https://redirect.example.com/");
  assert.equal(await findLocation("redirect-https", "/a"), "301 https://redirect-https.example.com/a");
  assert.equal(await findLocation("redirect-port", "/a"), "308 http://redirect-port.example.com:8443/a");
  assert.equal(await findLocation("redirect-default", "/a"), "302 https://redirect-default.example.com/a");
});

test("A redirect replaces the matched prefix, or the whole path", async () => {
  assert.equal(
    await findLocation("redirect-prefix", "/foo/bar?a=b"),
    "307 http://redirect-prefix.example.com/xyz/bar?a=b",
  );
  assert.equal(await findLocation("redirect-full", "/foo"), "303 http://redirect-full.example.com/a%20b%3Fc");
});

test("A rewrite replaces only the matched prefix, and neither adds nor drops a slash", async () => {
  assert.equal(await findOriginPath("rewrite-prefix", "/foo/bar?a=/foo"), "/xyz/bar?a=/foo");
  assert.equal(await findOriginPath("rewrite-prefix", "/foo"), "/xyz");
  assert.equal(await findOriginPath("rewrite-prefix", "/foo/"), "/xyz/");
  assert.equal(await findOriginPath("rewrite-prefix", "/foo/foo/a%2Fb"), "/xyz/foo/a%2Fb");
  assert.equal(await findOriginPath("rewrite-prefix", "/%66oo//bar%2Fbaz"), "/xyz/bar/baz");
  assert.equal(await findOriginPath("rewrite-root", "/foo"), "/");
  assert.equal(await findOriginPath("rewrite-root", "/foo/"), "/");
  assert.equal(await findOriginPath("rewrite-root", "/foo/bar"), "/bar");
  assert.equal(await findOriginPath("rewrite-full", "/foo/bar?a=b"), "/one?a=b");
});

test("A rewrite changes the Host within the zone of the client's, and answers 500 for another zone", async () => {
  await send("rewrite-host", "/a");
  const { headers, path } = origin.requests.at(-1) ?? {};
  assert.deepEqual(
    [headers?.host, headers?.["x-forwarded-host"], path],
    ["inner.example.com", "rewrite-host.example.com", "/a"],
  );
  assert.equal((await send("rewrite-zone")).status, 500);
});

test("A filter that cannot be applied answers 500, and names its reason in the access log", async () => {
  assert.equal((await send("rejected", "/", { "X-Request-ID": "rejected" })).status, 500);
  const { outcome, reason } = await edge.waitForAccessLine("rejected");
  assert.deepEqual([outcome, reason], ["invalid-filter", "unknown filter: Magic"]);
});

test("A route without filters gets the request unchanged", async () => {
  await send("plain", "/a//b?c", { "X-Set": "client" });
  const { path, headers } = origin.requests.at(-1) ?? {};
  assert.deepEqual([path, headers?.["x-set"]], ["/a//b?c", "client"]);
});
