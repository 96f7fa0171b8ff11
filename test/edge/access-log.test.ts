import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildIngressManifest, buildManifests, buildServiceManifest } from "../support/manifests.ts";
import { sendRaw, sendRequest } from "../support/worker/http-requests.ts";
import { startBrokenOrigin } from "../support/worker/origins.ts";
import { type AccessLine, startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

/** Long enough for the other origins on a loaded machine. */
const ORIGIN_TIMEOUT_MS = 400;
const PREFIX = "nginx.ingress.kubernetes.io/";
const FAILED_CLOSED = [
  ["snippet", "configuration-snippet", "return 200;", "configuration-snippet: unsupported nginx directive: return"],
  ["server", "server-snippet", "deny all;", "server-snippet: unsupported nginx directive: deny, for the whole host"],
  ["modsecurity", "enable-modsecurity", "yes", `${PREFIX}enable-modsecurity is invalid`],
] as const;

interface AccessLineRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

let edge: WorkerHarness;
let requestCount = 0;

before(async () => {
  edge = await startWorkerHarness({ variables: { ORIGIN_TIMEOUT_MS: String(ORIGIN_TIMEOUT_MS) } });
  await edge.startOrigin("203.0.113.10:80", (_, response) =>
    response.writeHead(201, { "Content-Length": 4 }).end("made"),
  );
  await edge.startOrigin("203.0.113.11:80", () => undefined);
  await startBrokenOrigin("203.0.113.12:80", edge.stack, "refuse");
  const paths = { "/cart": "web", "/slow": "slow", "/down": "down", "/gone": "gone" };
  const closed = FAILED_CLOSED.map(([host, name, value]) => [host, { service: "web", annotations: { [name]: value } }]);
  await edge.publish([
    buildIngressManifest("shop", "shop.example.com", paths),
    ...buildManifests(
      {
        secure: { service: "web", annotations: { "force-ssl-redirect": "true" } },
        closed: { service: "web", annotations: { "rewrite-target": "/{evil}" } },
        ...Object.fromEntries(closed),
      },
      {},
    ),
    ...["web", "slow", "down"].map((name, index) => buildServiceManifest(name, [`203.0.113.${10 + index}`])),
  ]);
});

after(() => edge.close());

/** Sends a request, and returns its access line. */
async function requestAccessLine(url: string, options: AccessLineRequest = {}): Promise<AccessLine> {
  const id = `request-${++requestCount}`;
  await sendRequest(edge, url, { ...options, headers: { ...options.headers, "X-Request-ID": id } });
  return await edge.waitForAccessLine(id);
}

/** Returns the fields of a line that do not depend on the clock. */
function omitTimes({ time, edgeMs, originMs, ray, ...rest }: AccessLine) {
  assert.match(String(ray), /^[0-9a-f]{16}-DEV$/);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Number(edgeMs) >= 0 && Number(edgeMs) < 5000, `edgeMs ${edgeMs}`);
  assert.ok(originMs === undefined || (Number(originMs) >= 0 && Number(originMs) < 5000), `originMs ${originMs}`);
  return { ...rest, timed: originMs !== undefined };
}

test("The access line of a request is JSON with its route, origin, times and outcome", async () => {
  const lines = edge.lines.length;
  const options = { headers: { "User-Agent": "curl/8.5.0", "CF-Connecting-IP": "198.51.100.7" }, method: "PUT" };
  const line = await requestAccessLine("http://Shop.example.com/cart/7", { ...options, body: "x" });
  assert.deepEqual(omitTimes(line), {
    requestId: "request-1",
    method: "PUT",
    scheme: "http",
    protocol: "HTTP/1.1",
    host: "shop.example.com",
    path: "/cart/7",
    status: 201,
    responseBytes: 4,
    outcome: "routed",
    route: "default/shop#0.0",
    backend: "default/web:80",
    origin: "http://203.0.113.10:80",
    generation: 1,
    colo: "DEV",
    clientIp: "198.51.100.7",
    userAgent: "curl/8.5.0",
    timed: true,
  });
  assert.equal(edge.lines.length, lines + 1);
});

test("The access line has the size of a response only if the origin declares it and sends a body", async () => {
  assert.equal((await requestAccessLine("http://shop.example.com/cart", { method: "HEAD" })).responseBytes, undefined);
  assert.equal((await requestAccessLine("http://shop.example.com/none")).responseBytes, undefined);
});

test("The access line never contains a query, cookie, credential or other header", async () => {
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

const OUTCOMES: readonly (readonly [url: string, line: Readonly<Record<string, unknown>>])[] = [
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

for (const [url, expected] of OUTCOMES) {
  test(`The access line of ${url} has the status ${expected.status} and the outcome ${expected.outcome}`, async () => {
    const line = await requestAccessLine(url);
    assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, line[name]])), expected);
  });
}

for (const [host, annotation, value, reason] of FAILED_CLOSED) {
  test(`The access line of a 503 names the annotation ${annotation}: ${value}, and the response does not`, async () => {
    const headers = { "X-Request-ID": host };
    const { status, body } = await sendRequest(edge, `http://${host}.example.com/`, { headers });
    assert.equal(status, 503);
    assert.ok(!body.includes(annotation), "a client need not know");
    const line = await edge.waitForAccessLine(host);
    assert.deepEqual([line.outcome, line.reason], ["failed-closed", reason]);
  });
}

test("The access line has the time of the origin apart from the time of the edge", async () => {
  const { originMs, edgeMs } = await requestAccessLine("http://shop.example.com/slow");
  assert.ok(Number(originMs) >= 0.9 * ORIGIN_TIMEOUT_MS, `originMs ${originMs}`);
  assert.ok(Number(edgeMs) < 0.9 * ORIGIN_TIMEOUT_MS, `edgeMs ${edgeMs}`);
});

test("A client cannot forge an access line, and the line has long texts shortened", async () => {
  const lines = edge.lines.length;
  const forgery = `GET /${"a".repeat(2000)}%0a{"outcome":"routed"} HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: "},{"\r\nX-Request-ID: a b\r\nConnection: close\r\n\r\n`;
  await sendRaw(edge, forgery);
  const [line = "", ...furtherLines] = edge.lines.slice(lines);
  assert.deepEqual(furtherLines, []);
  const { path, userAgent, requestId, outcome } = JSON.parse(line) as Record<string, unknown>;
  assert.equal(path, `/${"a".repeat(511)}…`);
  assert.equal(userAgent, '"},{"');
  assert.match(String(requestId), /^[0-9a-f]{32}$/);
  assert.equal(outcome, "no-route");
});
