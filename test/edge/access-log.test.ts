import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { listen } from "../../sync/net/listen.ts";
import {
  type AccessLine,
  buildIngressManifest,
  buildServiceManifest,
  type RequestOptions,
  sendRaw,
  sendRequest,
  startWorkerHarness,
  type WorkerHarness,
} from "../support/worker-harness.ts";

let edge: WorkerHarness;
let requestCount = 0;

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: "50" } });
  await edge.startOrigin("203.0.113.10:80", (_, response) => response.writeHead(201).end("made"));
  await edge.startOrigin("203.0.113.11:80", () => undefined);
  const refusing = await listen(createServer(), 0);
  await refusing.close();
  edge.stack.forward("203.0.113.12:80", `127.0.0.1:${refusing.port}`);
  const annotations = (name: string, value: string) => ({ [`nginx.ingress.kubernetes.io/${name}`]: value });
  await edge.publish([
    buildIngressManifest("shop", "shop.example.com", {
      "/cart": "web",
      "/slow": "slow",
      "/down": "down",
      "/gone": "gone",
    }),
    buildIngressManifest("secure", "secure.example.com", { "/": "web" }, annotations("force-ssl-redirect", "true")),
    buildIngressManifest("closed", "closed.example.com", { "/": "web" }, annotations("rewrite-target", "/{evil}")),
    buildServiceManifest("web", ["203.0.113.10"]),
    buildServiceManifest("slow", ["203.0.113.11"]),
    buildServiceManifest("down", ["203.0.113.12"]),
  ]);
});

after(() => edge.close());

/** The access line of a request. */
async function requestAccessLine(url: string, asking: RequestOptions = {}): Promise<AccessLine> {
  const id = `request-${++requestCount}`;
  await sendRequest(edge, url, { ...asking, headers: { ...asking.headers, "X-Request-ID": id } });
  return await edge.waitForAccessLine(id);
}

/** What of a line does not depend on the clock. */
function omitTimes({ time, edgeMs, originMs, ...rest }: AccessLine) {
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Number(edgeMs) >= 0 && Number(edgeMs) < 5000, `edgeMs ${edgeMs}`);
  assert.ok(originMs === undefined || (Number(originMs) >= 0 && Number(originMs) < 5000), `originMs ${originMs}`);
  return { ...rest, timed: originMs !== undefined };
}

test("a request is one line of JSON with where it went, how long it took and how it ended", async () => {
  const lines = edge.lines.length;
  const asked = { headers: { "User-Agent": "curl/8.5.0", "CF-Connecting-IP": "198.51.100.7" }, method: "PUT" };
  const line = await requestAccessLine("http://Shop.example.com/cart/7", { ...asked, body: "x" });
  assert.deepEqual(omitTimes(line), {
    requestId: "request-1",
    method: "PUT",
    scheme: "http",
    host: "shop.example.com",
    path: "/cart/7",
    status: 201,
    outcome: "routed",
    route: "default/shop#0.0",
    backend: "default/web:80",
    origin: "http://203.0.113.10:80",
    generation: 1,
    clientIp: "198.51.100.7",
    userAgent: "curl/8.5.0",
    timed: true,
  });
  assert.equal(edge.lines.length, lines + 1);
});

test("no query, cookie, credential or other header is ever in it, of the request or of the answer", async () => {
  const lines = edge.lines.length;
  const headers = {
    Cookie: "session=SECRET",
    Authorization: "Bearer SECRET",
    "Proxy-Authorization": "Basic SECRET",
    Referer: "http://shop.example.com/?token=SECRET",
    "X-Api-Key": "SECRET",
  };
  for (const path of ["/cart?token=SECRET", "/down?token=SECRET", "/nothing?token=SECRET", "/%zz?token=SECRET"]) {
    await requestAccessLine(`http://shop.example.com${path}`, { headers });
  }
  await requestAccessLine("http://secure.example.com/?token=SECRET", { headers });
  assert.equal(edge.lines.length, lines + 5);
  assert.ok(!edge.lines.join("\n").includes("SECRET"));
});

describe("the outcome says how a request ended", () => {
  const cases: readonly (readonly [url: string, line: Readonly<Record<string, unknown>>])[] = [
    ["http://shop.example.com/cart", { status: 201, outcome: "routed", route: "default/shop#0.0" }],
    ["http://shop.example.com/none", { status: 404, outcome: "no-route", route: undefined, generation: 1 }],
    ["http://other.example.com/", { status: 404, outcome: "no-route", route: undefined, host: "other.example.com" }],
    [
      "http://shop.example.com/gone",
      {
        status: 503,
        outcome: "no-backend",
        reason: "Service not found: default/gone",
        route: "default/shop#0.3",
        origin: undefined,
      },
    ],
    [
      "http://shop.example.com/down",
      {
        status: 502,
        outcome: "origin-unreachable",
        reason: "Cloudflare answered 521",
        route: "default/shop#0.2",
        backend: "default/down:80",
        origin: "http://203.0.113.12:80",
      },
    ],
    [
      "http://shop.example.com/slow",
      {
        status: 504,
        outcome: "origin-timeout",
        route: "default/shop#0.1",
        backend: "default/slow:80",
        origin: "http://203.0.113.11:80",
      },
    ],
    ["http://secure.example.com/a", { status: 308, outcome: "redirected", route: "default/secure#0.0" }],
    [
      "http://closed.example.com/",
      {
        status: 503,
        outcome: "failed-closed",
        reason: "nginx.ingress.kubernetes.io/rewrite-target is invalid",
        route: "default/closed#0.0",
      },
    ],
    ["http://shop.example.com/%zz", { status: 400, outcome: "bad-request", reason: "invalid path" }],
  ];
  for (const [url, expected] of cases) {
    test(`${url} is ${expected.status} ${expected.outcome}`, async () => {
      const line = await requestAccessLine(url);
      assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, line[name]])), expected);
    });
  }
});

test("the time that an origin took is told from the edge's own", async () => {
  const { originMs, edgeMs } = await requestAccessLine("http://shop.example.com/slow");
  assert.ok(Number(originMs) >= 45, `originMs ${originMs}`);
  assert.ok(Number(edgeMs) < 45, `edgeMs ${edgeMs}`);
});

test("what a client sends cannot forge a line, and long texts are cut", async () => {
  const lines = edge.lines.length;
  const evil = `GET /${"a".repeat(2000)}%0a{"outcome":"routed"} HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: "},{"\r\nX-Request-ID: a b\r\nConnection: close\r\n\r\n`;
  await sendRaw(edge, evil);
  const [line = "", ...more] = edge.lines.slice(lines);
  assert.deepEqual(more, []);
  const { path, userAgent, requestId, outcome } = JSON.parse(line) as Record<string, unknown>;
  assert.equal(path, `/${"a".repeat(511)}…`);
  assert.equal(userAgent, '"},{"');
  assert.match(String(requestId), /^[0-9a-f]{32}$/);
  assert.equal(outcome, "no-route");
});
