import assert from "node:assert/strict";
import { test } from "node:test";
import { isInShare } from "../../src/rules/storage/client-share.ts";
import { type Checker, createChecker } from "./check/checker.ts";
import type { SoakAnswer } from "./check/compare.ts";
import { createLedger } from "./check/ledger.ts";
import type { Published, PublishedGeneration, SideTraces } from "./check/published.ts";
import { SOAK_CLIENTS, SOAK_HOSTS } from "./world/objects.ts";

const [HOST = assert.fail()] = SOAK_HOSTS;
const CLIENT = SOAK_CLIENTS[0] ?? "";
const HOUR_MS = 3_600_000;
const CANDIDATE = { digest: "0123456789abcdef".repeat(4), share: 50 };

function buildTraces(version: number): SideTraces {
  return new Map([[HOST.name, { path: `/v${version}/h0/`, header: `v${version}`, service: `svc-${version % 4}` }]]);
}

/** Generation 1 has version 1 and was replaced an hour ago; 2 has version 2, and 3 stages version 3. */
const GENERATIONS: Readonly<Record<number, Partial<PublishedGeneration>>> = {
  1: { supersededAt: Date.now() - HOUR_MS, sides: Promise.resolve({ active: buildTraces(1), candidate: undefined }) },
  2: { supersededAt: undefined, sides: Promise.resolve({ active: buildTraces(2), candidate: undefined }) },
  3: {
    supersededAt: undefined,
    candidate: CANDIDATE as PublishedGeneration["candidate"],
    sides: Promise.resolve({ active: buildTraces(2), candidate: buildTraces(3) }),
  },
};

function buildAnswer(version: number, changes: Partial<SoakAnswer> = {}): SoakAnswer {
  const echo = { service: `svc-${version % 4}`, host: HOST.name, path: `/v${version}/h0/x`, requestId: "" };
  return { status: 200, headers: { "x-rules": `v${version}` }, echo, ...changes };
}

interface Sent {
  readonly answer: SoakAnswer;
  readonly generation: number;
  readonly isCandidate?: boolean;
  readonly expectedStatus?: number;
  readonly clientIp?: string;
}

function createBooks() {
  const ledger = createLedger();
  const published = { get: (generation: number) => GENERATIONS[generation] } as unknown as Published;
  return { ledger, checker: createChecker(published, ledger) };
}

/** Has an answer checked with its access line. */
function send(checker: Checker, { answer, generation, isCandidate, expectedStatus = 200, clientIp = CLIENT }: Sent) {
  const ticket = checker.begin({ load: "http", host: HOST, clientIp, line: "GET http /app/x", rest: "x" });
  ticket.answered(answer, expectedStatus);
  const candidate = isCandidate === undefined ? {} : { candidate: isCandidate };
  checker.readLine(JSON.stringify({ requestId: ticket.id, generation, ...candidate }), "a1");
}

/** Returns what the checker finds: "ok", or "wrong: expected, got". */
async function check(...sent: readonly Sent[]): Promise<string[]> {
  const { ledger, checker } = createBooks();
  for (const item of sent) send(checker, item);
  await new Promise((resolve) => setImmediate(resolve));
  const failures = ledger.failures.map(({ verdict, expected, got }) => `${verdict}: ${expected}, ${got}`);
  return [...Array.from({ length: ledger.rows()[0]?.ok ?? 0 }, () => "ok"), ...failures];
}

test("An answer of the rules of its generation is ok", async () => {
  assert.deepEqual(await check({ answer: buildAnswer(2), generation: 2 }), ["ok"]);
});

test("A header of another generation is a wrong answer", async () => {
  const answer = buildAnswer(2, { headers: { "x-rules": "v1" } });
  assert.deepEqual(await check({ answer, generation: 2 }), ["wrong: X-Rules: v2, X-Rules: v1 in generation 2"]);
});

test("A path, Service or host of other rules is a wrong answer", async () => {
  for (const change of [{ path: "/v1/h0/x" }, { path: "/v2/h1/x" }, { service: "svc-1" }, { host: "b.example.com" }]) {
    const answer = buildAnswer(2);
    const echo = { ...(answer.echo ?? assert.fail()), ...change };
    const [result = ""] = await check({ answer: { ...answer, echo }, generation: 2 });
    assert.match(result, /^wrong: \{"service":"svc-2"/);
  }
});

test("An answer of a generation that was replaced an hour ago is wrong, except for faults of KV since then", async () => {
  const [result = ""] = await check({ answer: buildAnswer(1), generation: 1 });
  assert.match(result, /^wrong: a current generation, generation 1, 36\d{5} ms late$/);
  const { ledger, checker } = createBooks();
  checker.addFaultTime(Date.now() - HOUR_MS, Date.now());
  send(checker, { answer: buildAnswer(1), generation: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(ledger.failures, []);
});

test("An isolate that goes back to an older generation gives a wrong answer", async () => {
  const results = await check(
    { answer: buildAnswer(2), generation: 3, isCandidate: isInShare(CLIENT, CANDIDATE) },
    { answer: buildAnswer(2), generation: 2 },
  );
  assert.ok(results.includes("wrong: generation 3 or later, generation 2"));
});

test("A client gets the side of a roll-out that its address determines", async () => {
  const inside = SOAK_CLIENTS.find((client) => isInShare(client, CANDIDATE)) ?? assert.fail();
  const outside = SOAK_CLIENTS.find((client) => !isInShare(client, CANDIDATE)) ?? assert.fail();
  const candidateAnswer = { answer: buildAnswer(3), generation: 3, isCandidate: true };
  assert.deepEqual(await check({ ...candidateAnswer, clientIp: inside }), ["ok"]);
  assert.deepEqual(await check({ ...candidateAnswer, clientIp: outside }), [
    "wrong: candidate false, candidate true in generation 3",
  ]);
});

test("An origin that answers a request without the guard's permission is a wrong answer", async () => {
  assert.deepEqual(await check({ answer: buildAnswer(2), generation: 2, expectedStatus: 403 }), [
    "wrong: status 403, status 200 in generation 2",
  ]);
});

test("A 5xx of the edge, a broken connection and an absent access line are failures", async () => {
  assert.deepEqual(await check({ answer: buildAnswer(2, { status: 502 }), generation: 2 }), [
    "missing: status 200, status 502",
  ]);
  const { ledger, checker } = createBooks();
  const request = { load: "http", host: HOST, clientIp: CLIENT, line: "GET http /app/x", rest: "x" };
  checker.begin(request).missing("socket hang up ECONNRESET");
  checker.begin(request).answered(buildAnswer(2), 200);
  assert.equal(checker.waitingForLine, 1);
  checker.failWithoutLine();
  assert.deepEqual(
    ledger.failures.map(({ verdict, got }) => `${verdict} ${got}`),
    ["missing socket hang up ECONNRESET", "wrong none"],
  );
});
