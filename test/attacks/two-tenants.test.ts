import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { parsePermits } from "../../sync/permits/parse.ts";
import { OPTIONS } from "../support/fixture.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import {
  aliceObjects,
  BROKEN_PERMITS,
  bobObjects,
  classObjects,
  PERMITS,
} from "../support/worker/tenant-arbitraries.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

/** Clusters that are searched. A search of longer duration: `FUZZ_SECONDS=600`. */
const RUNS = 4;
const FUZZ_SECONDS = Number(process.env.FUZZ_SECONDS ?? 0);
const MAX_RUNS = 1_000_000;
const HOUR_MS = 3_600_000;
const VISITOR = { "CF-Connecting-IP": "198.51.100.7" };
const PASSWORD = { Authorization: `Basic ${btoa("ann:right")}` };

/** Requests for hosts that only alice may claim. */
const REQUESTS: readonly (readonly [url: string, options: RequestOptions])[] = [
  ["http://a.example.com/", {}],
  ["http://a.example.com/admin/x?y=z", {}],
  ["http://a.example.com/ADMIN", { headers: { ...PASSWORD, "X-User": "root" } }],
  ["http://a.example.com/", { method: "POST", body: "order", headers: PASSWORD }],
  ["http://a.example.com/", { method: "OPTIONS", headers: { Origin: "https://evil.example.org" } }],
  ["https://a.example.com/admin", { headers: PASSWORD }],
  ["http://www.a.example.com/", {}],
  ["https://any.a.example.com/admin", { headers: { ...PASSWORD, Cookie: "canary=always", canary: "always" } }],
  ["http://open.a.example.com/new", {}],
  ["http://alias.a.example.com/.well-known/edgress/health", {}],
  ["http://route.a.example.com/", {}],
  ["https://route.a.example.com/admin/x?y=z", { headers: { "X-User": "root", Origin: "https://evil.example.org" } }],
  ["http://route.a.example.com/x/y", { method: "POST", body: "order", headers: { canary: "always" } }],
  ["https://x.deep.a.example.com/admin", { headers: { canary: "always" } }],
  ["http://y.x.deep.a.example.com/?y=z", {}],
];
/** Requests for hosts of bob, which could change a state that hosts share. */
const OTHER_URLS = [
  "http://b.example.com/",
  "https://x.b.example.com/admin",
  "http://c.example.com/",
  "http://b.example.com/",
];

let edge: WorkerHarness;
let alice: OriginServer;
let gate: OriginServer;
let bob: OriginServer;
let publicationCount = 0;
let requestCount = 0;

before(async () => {
  edge = await startWorkerHarness();
  alice = await startOriginServer("203.0.113.20:80", edge.stack);
  gate = await startOriginServer("203.0.113.21:80", edge.stack);
  bob = await startOriginServer("203.0.113.10:80", edge.stack);
  edge.stack.forward("203.0.113.11:80", "127.0.0.1:9"); // refuses connections
  gate.respond = (response, { path }) =>
    void response.writeHead(path === "/deny" ? 401 : 200, { "X-User": "ann" }).end(`gate ${path}`);
});

after(async () => {
  await edge.close();
  await Promise.all([alice, gate, bob].map(({ close }) => close()));
});

async function publish(objects: readonly object[], permitsText: string): Promise<void> {
  const permits = parsePermits(permitsText);
  assert.ok(permits.ok);
  // Two hours apart, so that history stays short.
  const now = new Date(Date.UTC(2026, 0) + ++publicationCount * 2 * HOUR_MS);
  await edge.publish(objects, { options: { ...OPTIONS, permits: permits.value }, now });
}

/** Returns the response, what the origins of alice received, and the access lines. No part depends on time or chance. */
async function observeAnswer(url: string, options: RequestOptions): Promise<string> {
  const id = `visit-${String(++requestCount).padStart(9, "0")}`; // Content-Length must not depend on it
  const headers = { ...VISITOR, ...(options.headers as Record<string, string>), "X-Request-ID": id };
  const response = await sendRequest(edge, url, { ...options, headers });
  await edge.waitForAccessLine(id);
  const lines = edge.accessLines().filter(({ requestId }) => requestId === id);
  const received = [alice, gate, bob].map(({ requests }) =>
    requests
      .filter((request) => request.headers["x-request-id"] === id)
      .map(({ method, path, headers, body }) => ({
        method,
        path,
        headers: { ...headers, "cf-ray": "" },
        body: body.toString(),
      })),
  );
  const { date: _, ...responseHeaders } = response.headers;
  const answer = { url, status: response.status, headers: responseHeaders, body: response.body, received };
  const stableLines = lines.map((line) => ({ ...line, time: "", ray: "", generation: 0, edgeMs: 0, originMs: 0 }));
  return JSON.stringify({ ...answer, lines: stableLines }, null, 1).replaceAll(id, "visit");
}

async function observeAnswers(): Promise<string[]> {
  const answers = await Promise.all(REQUESTS.map(([url, options]) => observeAnswer(url, options)));
  for (const { requests } of [alice, gate, bob]) requests.length = 0;
  return answers;
}

type SearchLimits = Pick<fc.Parameters<unknown>, "numRuns" | "interruptAfterTimeLimit" | "endOnFailure">;

function searchDifference(permits: string, limits: SearchLimits) {
  const property = fc.asyncProperty(
    classObjects,
    aliceObjects,
    fc.array(bobObjects, { minLength: 2, maxLength: 4 }),
    async (classes, aliceOnly, rivals) => {
      await publish([...classes, ...aliceOnly], permits);
      const expected = await observeAnswers();
      for (const rival of rivals) {
        await publish([...classes, ...aliceOnly, ...rival], permits);
        await Promise.all(OTHER_URLS.map((url) => sendRequest(edge, url, { headers: { ...VISITOR, ...PASSWORD } })));
        assert.deepEqual(await observeAnswers(), expected);
      }
    },
  );
  return fc.check(property, { ...limits, markInterruptAsFailure: false });
}

const limitTime = (seconds: number) => ({ numRuns: MAX_RUNS, interruptAfterTimeLimit: seconds * 1000 });

test("Nothing that a tenant writes can change an answer for a host that only another tenant may claim", async () => {
  const details = await searchDifference(PERMITS, FUZZ_SECONDS > 0 ? limitTime(FUZZ_SECONDS) : { numRuns: RUNS });
  if (details.failed) throw details.errorInstance ?? new Error(fc.defaultReportMessage(details));
  assert.ok(details.numRuns >= RUNS, `only ${details.numRuns} clusters`);
});

test("The search finds a tenant that may claim the host of another", async () => {
  const endOnFailure = true; // a smaller counterexample is of no use
  assert.ok((await searchDifference(BROKEN_PERMITS, { ...limitTime(30), endOnFailure })).failed);
});
