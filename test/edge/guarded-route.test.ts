import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

/** Batches of requests. A search of longer duration: `FUZZ_SECONDS=600`. */
const RUNS = 150;
const FUZZ_SECONDS = Number(process.env.FUZZ_SECONDS ?? 0);
const MAX_RUNS = 1_000_000;
/** An origin receives 178 requests of the batches. */
const MIN_OPEN_REQUESTS = 150;
const PARALLEL_REQUESTS = 8;
const HOSTS = ["plain", "rewritten", "regex", "bare", "suffix", "moved", "relative", "prefixed", "checked"];

let edge: WorkerHarness;
let guardedRequest: string | undefined; // the first request that passed the guard
let openCount = 0;

before(async () => {
  edge = await startWorkerHarness();
  const guard = withNginxPrefix({ "auth-type": "basic", "auth-secret": "staff" });
  const openAnnotations: Readonly<Record<string, readonly [path: string, annotations: Record<string, string>]>> = {
    plain: ["/", {}],
    rewritten: ["/files(.*)", { "use-regex": "true", "rewrite-target": "/public/$1" }],
    regex: ["/", { "use-regex": "true" }],
    bare: ["/files(.*)", { "use-regex": "true", "rewrite-target": "public$1" }],
    suffix: ["/files(/|$)(.*)", { "use-regex": "true", "rewrite-target": "/public/$2" }],
    moved: ["/files", { "permanent-redirect": "$scheme://$host/public$uri" }],
    relative: ["/files", { "temporal-redirect": "$request_uri/public", "relative-redirects": "true" }],
    prefixed: ["/files(.*)", { "use-regex": "true", "rewrite-target": "/public/$1", "x-forwarded-prefix": "/$1" }],
    checked: ["/", { "auth-url": "http://checked.example.com/secret/$arg_x", "custom-http-errors": "401,500" }],
  };
  await edge.publish([
    ...Object.entries(openAnnotations).flatMap(([name, [path, annotations]]) => [
      buildIngressManifest(`${name}-open`, `${name}.example.com`, { [path]: "web" }, withNginxPrefix(annotations)),
      buildIngressManifest(`${name}-guarded`, `${name}.example.com`, { "/secret": "web" }, guard),
    ]),
    buildServiceManifest("web", ["203.0.113.10"]),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, stringData: { auth: "ann:{PLAIN}s3cret\n" } },
  ]);
  await edge.startOrigin("203.0.113.10:80", answerRequest);
});

after(() => edge.close());

/** Notes a request whose path an origin serves as the guarded one. */
function answerRequest(incoming: IncomingMessage, response: ServerResponse): void {
  const { method = "", url = "" } = incoming;
  openCount++;
  if (isGuardedPath(url)) guardedRequest ??= `${method} ${url}`;
  response.end();
}

/** Whether a server that decodes, merges slashes and resolves dots serves `/secret` or a path below it. */
function isGuardedPath(url: string): boolean {
  const path = decodeLeniently(url.split(/[?#]/)[0] ?? "");
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "." && segment !== "") segments.push(segment);
  }
  return segments[0] === "secret";
}

function decodeLeniently(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

const tokens = ["/", "/", "/", "secret", "secret", "files", "files", "public", "x", ".", "..", "..", ";", ":", "@"];
const escapes = ["%2f", "%2F", "%2e", "%2E%2e", "%5c", "\\", "%73ecret", "%00", "%23", "%3F", "%3b", "%252e", "%C0%AE"];
const phrases = ["files..", "files..", "files/", "/secret", "/secret", "%2fsecret", "/../secret", "/%2e%2e/secret"];
const randomPaths = fc
  .array(fc.constantFrom(...tokens, ...phrases, ...phrases, ...escapes), { maxLength: 7 })
  .map((parts) => `/${parts.join("")}`);
// Ways out of an open path into the guarded one, in one spelling or another.
const escapingPaths = fc
  .tuple(
    fc.constantFrom("/files", "/files", "/public", "/files/x", "/Files", ""),
    fc.constantFrom("", "/", "%2f", "\\", ";", "//"),
    fc.constantFrom("..", "%2e%2e", ".%2E", "..%2f..", "../..", "..;", "%252e%252e", "."),
    fc.constantFrom("/", "/", "%2f", "%5c", "\\", "//", "/./"),
    fc.constantFrom("secret", "%73ecret", "secret/x", "SECRET"),
  )
  .map((parts) => parts.join(""))
  .map((path) => (path.startsWith("/") ? path : `/${path}`));
const paths = fc.oneof(randomPaths, escapingPaths);
const headerNames = [
  ...["X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Uri", "X-Forwarded-Prefix", "X-Original-URI", "X_Original_URL"],
  ...["X-HTTP-Method-Override", "X-Original-Method", "X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-For"],
  ...["Connection", "Authorization", "Cookie", "Origin", "Access-Control-Request-Method", "Upgrade", "Range"],
];
const headerValues = [
  ...["/secret", "/files../secret", "GET", "plain.example.com", "127.0.0.1", "https://plain.example.com", "null"],
  ...["Basic", "Basic Og==", "Basic YW5uOg==", "Bearer s3cret", "Authorization", "close", "websocket", "bytes=0-"],
];
const headerSets = fc.array(fc.tuple(fc.constantFrom(...headerNames), fc.constantFrom(...headerValues)), {
  maxLength: 4,
});
const requests = fc.record({
  host: fc.constantFrom(...HOSTS),
  method: fc.constantFrom("GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND", "MOVE"),
  path: paths,
  query: fc.constantFrom("", "", "?", "?/secret", "?x=/../secret", "?x=..%2Fsecret"),
  headers: headerSets,
});

/** Sends a request, and follows its redirects within the edge as a client does. */
async function sendAndFollow(url: string, options: RequestOptions, redirects = 3): Promise<void> {
  const { headers } = await sendRequest(edge, url, options);
  const { location } = headers;
  if (location === undefined || redirects === 0) return;
  const [, host] = /^http:\/\/([^/?#]*)/.exec(url) ?? [];
  const target = location.startsWith("/") ? `http://${host}${location}` : location;
  if (target.startsWith(`http://${host}`)) await sendAndFollow(target, options, redirects - 1);
}

test("No request reaches the guarded path of an origin without the password, through any open path", async () => {
  const property = fc.asyncProperty(
    fc.array(requests, { minLength: 1, maxLength: PARALLEL_REQUESTS }),
    async (batch) => {
      await Promise.all(
        batch.map(({ host, method, path, query, headers }) =>
          sendAndFollow(`http://${host}.example.com${path}${query}`, { method, headers }),
        ),
      );
      const found = guardedRequest;
      guardedRequest = undefined;
      assert.equal(found, undefined, `the origin got ${found}`);
    },
  );
  await fc.assert(property, { numRuns: RUNS, seed: 1 });
  assert.ok(openCount >= MIN_OPEN_REQUESTS, `only ${openCount} requests reached the origin`);
  if (FUZZ_SECONDS === 0) return;
  const interruptAfterTimeLimit = FUZZ_SECONDS * 1000;
  await fc.assert(property, { numRuns: MAX_RUNS, interruptAfterTimeLimit, markInterruptAsFailure: false });
});
