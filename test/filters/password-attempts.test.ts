import assert from "node:assert/strict";
import { after, before, describe, mock, test } from "node:test";
import { hashSync } from "bcryptjs";
import { createAttemptLimit } from "../../src/filters/authorization/attempt-limit.ts";
import { basicAuth } from "../../src/filters/authorization/basic-auth.ts";
import { buildManifests } from "../support/manifests.ts";
import { SHOP_URL } from "../support/worker/authorization-samples.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { stubExchange } from "../support/worker/sample-exchanges.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const HASH = hashSync("s3cret", 8);
const MAX_WRONG_PASSWORDS = 20;

const check = basicAuth({ realm: "", users: "sealed" });

function formatCredentials(user: string, password: string) {
  return { Authorization: `Basic ${btoa(`${user}:${password}`)}` };
}

/** Returns the status of a check, 200 if it accepts, and its duration in milliseconds. */
async function attempt(client: string, user: string, password: string) {
  const headers = { ...formatCredentials(user, password), "CF-Connecting-IP": client };
  const exchange = stubExchange(SHOP_URL, headers, { decrypt: async () => `ann:${HASH}\n` });
  const startedAt = performance.now();
  const verdict = await check(exchange);
  const status = "answer" in verdict ? verdict.answer.response.status : 200;
  return { status, duration: performance.now() - startedAt };
}

async function attemptMany(count: number, client: string, user: string, password: string) {
  return Promise.all(Array.from({ length: count }, () => attempt(client, user, password)));
}

function countStatuses(attempts: readonly { readonly status: number }[]): Record<string, number> {
  return Object.fromEntries(
    [...new Set(attempts.map(({ status }) => status))].map((status) => [
      status,
      attempts.filter((entry) => entry.status === status).length,
    ]),
  );
}

describe("A password check", () => {
  before(() => mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-11-28T12:00:00Z") })); // a slow machine gets no more attempts
  after(() => mock.timers.reset());

  test("An unknown name cannot be told from a wrong password by the time of the check", async () => {
    const fastest = async (user: string) => {
      const attempts = await attemptMany(5, `192.0.2.${user.length}`, user, "wrong");
      return Math.min(...attempts.map(({ duration }) => duration));
    };
    const ratio = (await fastest("unknown-name")) / (await fastest("ann"));
    assert.ok(ratio > 0.5, `the check of an unknown name takes ${ratio} times as long`);
  });

  test("Parallel wrong passwords of one client cannot exceed its limit", async () => {
    assert.deepEqual(countStatuses(await attemptMany(25, "192.0.2.50", "ann", "wrong")), { 401: 20, 429: 5 });
  });

  test("A client with a used-up limit cannot cause another hash", async () => {
    const attempts = await attemptMany(MAX_WRONG_PASSWORDS + 1, "192.0.2.51", "ann", "guess");
    const rejected = attempts.find(({ status }) => status === 429);
    const hashed = Math.min(...attempts.filter(({ status }) => status === 401).map(({ duration }) => duration));
    const again = await attempt("192.0.2.51", "ann", "s3cret-guess");
    assert.ok(rejected);
    assert.equal(again.status, 429);
    assert.ok(again.duration < hashed / 5, `${again.duration} ms without a hash, ${hashed} ms with one`);
  });

  test("A verified password passes although the client has used up its limit", async () => {
    const client = "192.0.2.52";
    assert.equal((await attempt(client, "ann", "s3cret")).status, 200);
    await attemptMany(MAX_WRONG_PASSWORDS + 1, client, "ann", "wrong");
    assert.equal((await attempt(client, "ann", "wrong")).status, 429);
    assert.equal((await attempt(client, "ann", "s3cret")).status, 200);
  });

  test("A client cannot use another address of its IPv6 /64 for more wrong passwords", async () => {
    await attemptMany(MAX_WRONG_PASSWORDS, "2001:db8:1:2::1", "ann", "wrong");
    assert.equal((await attempt("2001:db8:1:2:ffff::9", "ann", "wrong")).status, 429);
    assert.equal((await attempt("2001:db8:1:3::1", "ann", "wrong")).status, 401);
  });
});

describe("createAttemptLimit", () => {
  test("A client gets one more attempt after each interval, and no more", () => {
    const limit = createAttemptLimit(2, 1000);
    const begin = (now: number) => limit.begin("a", now);
    assert.deepEqual([begin(0), begin(0), begin(0), begin(999)], [true, true, false, false]);
    assert.deepEqual([begin(1000), begin(1000)], [true, false]);
    assert.equal(limit.begin("b", 1000), true);
  });

  test("A right password does not use up the limit", () => {
    const limit = createAttemptLimit(2, 1000);
    for (let count = 0; count < 10; count++) {
      assert.equal(limit.begin("a", 0), true);
      limit.succeed("a");
    }
  });
});

describe("A password check in workerd", { timeout: 60_000 }, () => {
  let edge: WorkerHarness;

  before(async () => {
    edge = await startWorkerHarness({ echoOrigins: true });
    const annotations = { "auth-type": "basic", "auth-secret": "staff" };
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "staff" },
      stringData: { auth: `ann:${HASH}` },
    };
    await edge.publish([...buildManifests({ staff: { annotations } }, { shop: ["203.0.113.10"] }), secret]);
  });

  after(() => edge.close());

  async function sendMany(count: number, client: string, password: string) {
    const headers = { ...formatCredentials("ann", password), "CF-Connecting-IP": client };
    const send = () => sendRequest(edge, "http://staff.example.com/", { headers });
    return countStatuses(await Promise.all(Array.from({ length: count }, send)));
  }

  test("Parallel requests with the right password are not limited, though none is verified yet", async () => {
    assert.deepEqual(await sendMany(40, "198.51.100.1", "s3cret"), { 200: 40 });
  });

  test("A client cannot try more than 20 wrong passwords at once", async () => {
    const statuses = await sendMany(40, "198.51.100.2", "wrong");
    assert.ok((statuses[429] ?? 0) >= 10, JSON.stringify(statuses));
    assert.equal((statuses[401] ?? 0) + (statuses[429] ?? 0), 40);
  });
});
