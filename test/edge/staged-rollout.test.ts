import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Rules } from "../../src/rules/snapshot.ts";
import { isInShare } from "../../src/rules/storage/client-share.ts";
import { waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { readPublishBase } from "../../sync/publish/conflict-check.ts";
import { NO_FENCE } from "../../sync/publish/guard/write-fence.ts";
import { readPublishedSnapshot } from "../../sync/publish/read-published.ts";
import { abortCandidate, changeShare, promoteCandidate } from "../../sync/publish/rollout/rollout-manifest.ts";
import { stageCandidate } from "../../sync/publish/rollout/stage-candidate.ts";
import { buildIngressManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { buildTwoHosts, startTwoHostsEdge, TWO_SERVICES } from "../support/worker/two-hosts.ts";
import type { WorkerHarness, WorkerHarnessOptions } from "../support/worker/worker-harness.ts";

const NGINX = "nginx.ingress.kubernetes.io";
const CLIENTS = Array.from({ length: 60 }, (_, index) => `198.51.100.${index}`);

async function startEdge(context: TestContext, options: WorkerHarnessOptions = {}): Promise<WorkerHarness> {
  const edge = await startTwoHostsEdge(options);
  context.after(edge.close);
  return edge;
}

/** Publishes the second objects once, so that they are compiled, and then the first ones. Returns the rules of the second. */
async function publishFirst(edge: WorkerHarness, active: readonly object[], next: readonly object[]): Promise<Rules> {
  const { rules } = await edge.publish(next);
  await edge.publish(active);
  return rules;
}

async function openTarget({ account: { kv, signer, encryptor } }: WorkerHarness) {
  const base = await readPublishBase(kv, signer, new Date(), await readPublishedSnapshot(kv, signer));
  return { kv, signer, encryptor, base, fence: NO_FENCE, author: {} };
}

/** Stages rules for a share of clients, and resolves with the candidate's digest when the edge serves it. */
async function stage(edge: WorkerHarness, rules: Rules, share: number): Promise<string> {
  const { manifest } = await stageCandidate(rules, [share, 100], await openTarget(edge), new Date());
  await waitForGeneration(edge.stack.http, manifest.generation);
  return manifest.candidate?.digest ?? "";
}

async function fetchAs(edge: WorkerHarness, client: string, url = "http://a.example.com/", id = "visit") {
  const headers = { "CF-Connecting-IP": client, "X-Request-ID": id };
  const { status, body } = await sendRequest(edge, url, { headers });
  return `${status} ${body}`;
}

async function fetchAsAll(edge: WorkerHarness): Promise<string[]> {
  const answers: string[] = [];
  for (const client of CLIENTS) answers.push(await fetchAs(edge, client));
  return answers;
}

test("Each client sees one side, and a growing share keeps its clients", async (context) => {
  const edge = await startEdge(context);
  const candidate = await publishFirst(edge, buildTwoHosts("one", "two"), buildTwoHosts("two", "two"));
  const digest = await stage(edge, candidate, 30);
  let previous: string[] = CLIENTS.map(() => "200 one");
  for (const share of [30, 60, 100]) {
    const { manifest } = await changeShare(share, await openTarget(edge), new Date());
    await waitForGeneration(edge.stack.http, manifest.generation);
    const answers = await fetchAsAll(edge);
    const expected = CLIENTS.map((client) => (isInShare(client, { digest, share }) ? "200 two" : "200 one"));
    assert.deepEqual(answers, expected);
    assert.deepEqual(await fetchAsAll(edge), answers);
    assert.ok(answers.every((answer, index) => previous[index] === "200 one" || answer === "200 two"));
    previous = answers;
  }
  assert.deepEqual(new Set(previous), new Set(["200 two"]));
});

test("IPv6 clients of one /64 network see the same side, and other networks can see the other one", async (context) => {
  const edge = await startEdge(context);
  await stage(edge, await publishFirst(edge, buildTwoHosts("one", "two"), buildTwoHosts("two", "two")), 50);
  const answers = await Promise.all(
    Array.from({ length: 20 }, async (_, network) => {
      const addresses = ["::1", ":ffff:0:0:2", ":1:2:3:4"].map(
        (suffix) => `2001:db8:0:${network.toString(16)}${suffix}`,
      );
      return new Set(await Promise.all(addresses.map((address) => fetchAs(edge, address))));
    }),
  );
  assert.ok(answers.every(({ size }) => size === 1));
  assert.deepEqual(new Set(answers.flatMap((set) => [...set])), new Set(["200 one", "200 two"]));
});

test("A guard of the candidate holds for every client at once", async (context) => {
  const edge = await startEdge(context);
  const guards = { [`${NGINX}/whitelist-source-range`]: "192.0.2.0/24" };
  const guarded = [buildIngressManifest("a", "a.example.com", { "/": "two" }, guards), ...TWO_SERVICES];
  const digest = await stage(edge, await publishFirst(edge, buildTwoHosts("one", "two"), guarded), 30);
  for (const answer of await fetchAsAll(edge)) assert.match(answer, /^403 /);
  const isCandidate = isInShare("192.0.2.7", { digest, share: 30 });
  assert.equal(await fetchAs(edge, "192.0.2.7"), isCandidate ? "200 two" : "200 one");
});

test("The access line and the data point name the side", async (context) => {
  const edge = await startEdge(context, { datasets: { ANALYTICS: "edgress" } });
  await stage(edge, await publishFirst(edge, buildTwoHosts("one", "two"), buildTwoHosts("two", "two")), 100);
  edge.stack.account.datasets.clear();
  await fetchAs(edge, "198.51.100.1", "http://a.example.com/", "matched");
  await fetchAs(edge, "198.51.100.1", "http://unknown.example.com/", "unmatched");
  const { generation, candidate } = await edge.waitForAccessLine("matched");
  assert.deepEqual([generation, candidate], [3, true]);
  const points = await waitFor(() => {
    const list = edge.stack.account.datasets.list("edgress");
    return list.length === 2 && list;
  });
  assert.deepEqual(points.map(({ index, blobs, doubles }) => [index, ...blobs, doubles[0]]).toSorted(), [
    ["a.example.com", "default/a#0.0", "3", "candidate", "routed", "2xx", 1],
    ["unmatched", "", "3", "candidate", "no-route", "4xx", 1],
  ]);
});

test("An isolate that has loaded one side serves the other one, and both survive an outage of KV", async (context) => {
  const edge = await startEdge(context, { edgeFaults: true });
  const digest = await stage(
    edge,
    await publishFirst(edge, buildTwoHosts("one", "two"), buildTwoHosts("two", "two")),
    50,
  );
  const [inside, outside] = [true, false].map((side) =>
    CLIENTS.find((client) => isInShare(client, { digest, share: 50 }) === side),
  ) as [string, string];
  await edge.stack.restartWorker();
  assert.equal(await fetchAs(edge, outside), "200 one");
  assert.equal(await fetchAs(edge, inside), "200 two");
  await edge.stack.account.setEdgeReadMode("failing");
  assert.deepEqual([await fetchAs(edge, outside), await fetchAs(edge, inside)], ["200 one", "200 two"]);
});

test("A candidate that ends during a request does not change its answer, and the next request gets the new rules", async (context) => {
  const edge = await startEdge(context);
  const gate = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  await edge.startOrigin("203.0.113.2:80", async (_, response) => {
    arrived.resolve();
    await gate.promise;
    response.end("two");
  });
  await stage(edge, await publishFirst(edge, buildTwoHosts("one", "one"), buildTwoHosts("two", "one")), 100);
  const pending = fetchAs(edge, "198.51.100.1");
  await arrived.promise;
  const aborted = await abortCandidate({ by: "ann", reason: "5xx" }, await openTarget(edge), new Date());
  await waitForGeneration(edge.stack.http, aborted.manifest.generation);
  assert.equal(await fetchAs(edge, "198.51.100.1"), "200 one");
  gate.resolve();
  assert.equal(await pending, "200 two");
});

test("A promoted candidate serves every client", async (context) => {
  const edge = await startEdge(context);
  await stage(edge, await publishFirst(edge, buildTwoHosts("one", "two"), buildTwoHosts("two", "two")), 5);
  const { manifest } = await promoteCandidate(await openTarget(edge), new Date());
  await waitForGeneration(edge.stack.http, manifest.generation);
  assert.deepEqual(new Set(await fetchAsAll(edge)), new Set(["200 two"]));
});
