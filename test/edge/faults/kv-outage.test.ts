import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { waitForEvent, waitForEvents } from "../../support/worker/snapshot-events.ts";
import { buildTwoHosts, fetchStatusAndBody, startTwoHostsEdge } from "../../support/worker/two-hosts.ts";
import type { WorkerHarness } from "../../support/worker/worker-harness.ts";
import {
  ADJUSTABLE_CLOCK,
  EMPTY_CACHE,
  type WorkerCode,
  writeWrappedWorker,
} from "../../support/worker/wrapped-worker.ts";

const URL_OF_A = "http://a.example.com/";
const TWO_HOURS_S = 7200;
const SLACK_MS = 5000; // of a busy machine
const FAILURE = "KV GET failed: 500 Internal Server Error";
/** Reasons without a copy, and with one. */
const REASONS = { failing: FAILURE, hanging: "no response from KV within 3000 ms" };
const COPY_REASONS = { failing: FAILURE, hanging: "no response from KV within 1000 ms" };

async function startEdge(code: WorkerCode): Promise<WorkerHarness & AsyncDisposable> {
  const { worker, remove } = await writeWrappedWorker(code);
  const edge = await startTwoHostsEdge({ worker, edgeFaults: true });
  await edge.publish(buildTwoHosts("one", "two"));
  const close = async () => {
    await edge.close();
    await remove();
  };
  return { ...edge, [Symbol.asyncDispose]: close };
}

/** Sends a request when the isolate's clock is two hours ahead. */
async function fetchLater(edge: WorkerHarness) {
  const startedAt = performance.now();
  const headers = { "X-Clock-Ahead-Ms": String(TWO_HOURS_S * 1000) };
  const { status, body } = await sendRequest(edge, URL_OF_A, { headers });
  return { answer: `${status} ${body}`, ms: performance.now() - startedAt };
}

function assertTwoHours(ageSeconds = 0): void {
  assert.ok(Number.isInteger(ageSeconds) && ageSeconds >= TWO_HOURS_S && ageSeconds < TWO_HOURS_S + 300);
}

for (const mode of ["failing", "hanging"] as const) {
  describe(`reads of KV that are ${mode}`, { timeout: 120_000 }, () => {
    let edge: Awaited<ReturnType<typeof startEdge>>;

    before(async () => {
      edge = await startEdge(ADJUSTABLE_CLOCK);
    });

    after(() => edge[Symbol.asyncDispose]());

    test(`A host without a copy in its location is a 503 while reads of KV are ${mode}`, async () => {
      await edge.stack.restartWorker(); // the location has a copy of the manifest, but of no shard
      await edge.stack.account.setEdgeReadMode(mode);
      const startedAt = performance.now();
      const { status, body } = await sendRequest(edge, URL_OF_A, { headers: { "X-Request-ID": "no-copy" } });
      assert.equal(`${status} ${body}`, "503 503 Service Unavailable\nrequest id: no-copy\n");
      assert.ok(performance.now() - startedAt < { failing: 0, hanging: 4000 }[mode] + SLACK_MS);
      const { outcome, reason } = await edge.waitForAccessLine("no-copy");
      assert.deepEqual([outcome, reason], ["no-snapshot", REASONS[mode]]);
    });

    test(`A warm isolate answers at once while reads of KV are ${mode}, and logs the age of its snapshot`, async () => {
      await edge.stack.account.setEdgeReadMode("fresh");
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
      await edge.stack.account.setEdgeReadMode(mode);
      const since = edge.lines.length;
      const { answer, ms } = await fetchLater(edge);
      assert.equal(answer, "200 one");
      assert.ok(ms < 2900, `${ms} ms`); // KV times out after 3000 ms
      const { ageSeconds, ...event } = await waitForEvent(edge, "kv-unavailable", since);
      assert.deepEqual(event, { event: "kv-unavailable", reason: REASONS[mode], generation: 1 });
      assertTwoHours(ageSeconds);
    });

    test(`A cold isolate starts from the copies while reads of KV are ${mode}, and logs their age`, async () => {
      await edge.stack.restartWorker();
      await edge.stack.account.setEdgeReadMode(mode);
      const since = edge.lines.length;
      const { answer, ms } = await fetchLater(edge);
      assert.equal(answer, "200 one");
      assert.ok(ms < { failing: 0, hanging: 2000 }[mode] + SLACK_MS, `${ms} ms`);
      const reason = COPY_REASONS[mode];
      const [snapshot, filter, shard] = await waitForEvents(edge, since, 3);
      assertTwoHours(snapshot?.ageSeconds);
      assert.deepEqual(
        { ...snapshot, ageSeconds: 0 },
        { event: "snapshot-from-cache", reason, generation: 1, ageSeconds: 0 },
      );
      assert.match(filter?.key ?? "", /^filter\/[0-9a-f]{32}$/);
      assertTwoHours(shard?.ageSeconds);
      assert.match(shard?.key ?? "", /^shard\/[0-9a-f]{32}$/);
      assert.deepEqual(
        { ...shard, key: "", ageSeconds: 0 },
        { event: "shard-from-cache", reason, key: "", ageSeconds: 0 },
      );
    });

    test(`An isolate adopts a new generation after reads of KV were ${mode}`, async () => {
      await edge.stack.account.setEdgeReadMode("fresh");
      await edge.publish(buildTwoHosts("two", "one"));
      assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 two");
    });
  });
}

test("A cold isolate in a location without copies is a 503 while reads of KV hang or fail", async () => {
  await using edge = await startEdge(EMPTY_CACHE);
  for (const mode of ["failing", "hanging"] as const) {
    await edge.stack.restartWorker();
    await edge.stack.account.setEdgeReadMode(mode);
    const startedAt = performance.now();
    const { status } = await sendRequest(edge, URL_OF_A, { headers: { "X-Request-ID": mode } });
    assert.equal(status, 503);
    assert.ok(performance.now() - startedAt < { failing: 0, hanging: 3000 }[mode] + SLACK_MS);
    const { outcome, reason } = await edge.waitForAccessLine(mode);
    assert.deepEqual([outcome, reason], ["no-snapshot", REASONS[mode]]);
    await edge.stack.account.setEdgeReadMode("fresh");
    assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
  }
});

describe("copies of a location", () => {
  let edge: Awaited<ReturnType<typeof startEdge>>;

  before(async () => {
    edge = await startEdge(ADJUSTABLE_CLOCK);
  });

  after(() => edge[Symbol.asyncDispose]());

  test("A warm isolate renews the copy of the manifest while KV confirms it, so that it does not expire", async () => {
    assert.equal((await fetchLater(edge)).answer, "200 one"); // KV confirms the generation two hours later
    await edge.stack.restartWorker();
    await edge.stack.account.setEdgeReadMode("failing");
    const since = edge.lines.length;
    assert.equal((await fetchLater(edge)).answer, "200 one");
    const { ageSeconds } = await waitForEvent(edge, "snapshot-from-cache", since);
    assert.ok(ageSeconds !== undefined && ageSeconds < 300, `${ageSeconds}`);
  });

  test("A cold isolate starts from the copies if KV has lost the manifest", async () => {
    await edge.stack.restartWorker();
    await edge.account.kv.remove([CURRENT_KEY]);
    const since = edge.lines.length;
    assert.equal(await fetchStatusAndBody(edge, URL_OF_A), "200 one");
    const { reason, generation } = await waitForEvent(edge, "snapshot-from-cache", since);
    assert.deepEqual([reason, generation], ["no snapshot is published", 1]);
  });
});
