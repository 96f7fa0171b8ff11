import assert from "node:assert/strict";
import { test } from "node:test";
import { SHARD_PREFIX } from "../../../src/rules/kv-keys.ts";
import { closeWith } from "../../../src/rules/policies/fail-closed.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { readPublishBase } from "../../../sync/publish/conflict-check.ts";
import { NO_FENCE } from "../../../sync/publish/guard/write-fence.ts";
import { computeRulesDigest } from "../../../sync/publish/plan-publication.ts";
import { publish } from "../../../sync/publish/publish.ts";
import { readPublishedSnapshot } from "../../../sync/publish/read-published.ts";
import {
  abortCandidate,
  changeShare,
  promoteCandidate,
  readCandidateHosts,
} from "../../../sync/publish/rollout/rollout-manifest.ts";
import { stageCandidate } from "../../../sync/publish/rollout/stage-candidate.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { buildHostRules, buildRules, generateHosts, sortByHost } from "../../support/publish/sample-rules.ts";
import { NOW, SIGNER } from "../../support/publish/signing.ts";

const KIB = 1024;
const AUTHOR = { command: "publish" };
const HOSTS = sortByHost(generateHosts(100, 8 * KIB));
const CHANGED_HOSTS = HOSTS.map((rules) =>
  rules.host === "host-7.example.com" ? buildHostRules(rules.host, "b", 8 * KIB) : rules,
);
const LATER = new Date(NOW.getTime() + 60_000);

async function openTarget(kv: MemoryKv) {
  const snapshot = await readPublishedSnapshot(kv, SIGNER);
  const base = await readPublishBase(kv, SIGNER, NOW, snapshot);
  return { kv, signer: SIGNER, base, fence: NO_FENCE, author: AUTHOR };
}

async function startRollout(hosts: readonly HostRules[] = CHANGED_HOSTS) {
  const kv = new MemoryKv();
  await publish(buildRules(HOSTS), kv, SIGNER, NOW);
  kv.writtenKeys.length = 0;
  const staged = await stageCandidate(buildRules(hosts), [5, 50], await openTarget(kv), NOW);
  return { kv, staged };
}

test("A candidate with one changed host costs three writes: its shard and the manifest twice", async () => {
  const { kv, staged } = await startRollout();
  const [shard = "", ...manifests] = kv.writtenKeys;
  assert.ok(shard.startsWith(SHARD_PREFIX));
  assert.deepEqual([manifests, staged.writes], [["generation/2", "current"], 3]);
  const { manifest, hosts } = await readPublishedSnapshot(kv, SIGNER);
  assert.deepEqual(sortByHost(hosts), HOSTS);
  assert.equal(manifest?.digest, computeRulesDigest(buildRules(HOSTS)));
  const { digest, share, stages, startedAt } = manifest?.candidate ?? assert.fail();
  assert.equal(digest, computeRulesDigest(buildRules(CHANGED_HOSTS)));
  assert.deepEqual([share, stages, startedAt], [5, [5, 50], NOW.toISOString()]);
  assert.deepEqual(sortByHost(await readCandidateHosts(kv, manifest ?? assert.fail())), CHANGED_HOSTS);
});

test("A larger share is one manifest write with a new generation", async () => {
  const { kv } = await startRollout();
  kv.writtenKeys.length = 0;
  const { manifest } = await changeShare(50, await openTarget(kv), LATER);
  assert.deepEqual(kv.writtenKeys, ["generation/3", "current"]);
  assert.equal(manifest.candidate?.share, 50);
  assert.deepEqual(
    [manifest.candidate?.startedAt, manifest.candidate?.stageStartedAt],
    [NOW.toISOString(), LATER.toISOString()],
  );
});

test("A promoted candidate is published as if it were published at once, with one manifest write", async () => {
  const { kv } = await startRollout();
  kv.writtenKeys.length = 0;
  const { manifest } = await promoteCandidate(await openTarget(kv), LATER);
  assert.deepEqual(kv.writtenKeys, ["generation/3", "current"]);
  assert.equal(manifest.candidate, undefined);
  const snapshot = await readPublishedSnapshot(kv, SIGNER);
  assert.deepEqual(sortByHost(snapshot.hosts), CHANGED_HOSTS);
  assert.equal((await publish(buildRules(CHANGED_HOSTS), kv, SIGNER, LATER)).hasChanged, false);
});

test("An aborted candidate leaves the active rules, and the manifest names it", async () => {
  const { kv } = await startRollout();
  kv.writtenKeys.length = 0;
  const { manifest } = await abortCandidate({ by: "ann", reason: "5xx" }, await openTarget(kv), LATER);
  assert.deepEqual(kv.writtenKeys, ["generation/3", "current"]);
  assert.deepEqual(manifest.aborted, {
    digest: computeRulesDigest(buildRules(CHANGED_HOSTS)),
    at: LATER.toISOString(),
    by: "ann",
    reason: "5xx",
  });
  assert.deepEqual(sortByHost((await readPublishedSnapshot(kv, SIGNER)).hosts), HOSTS);
});

test("A guard of the candidate is in the active rules at once, and stays after an abort", async () => {
  const closed = closeWith("unreadable");
  const close = (rules: HostRules) => ({
    ...rules,
    routes: rules.routes.map((route) => ({ ...route, policies: closed })),
  });
  const { kv } = await startRollout(HOSTS.map((rules) => (rules.host === "host-7.example.com" ? close(rules) : rules)));
  await abortCandidate({ by: "ann", reason: "5xx" }, await openTarget(kv), LATER);
  const host = (await readPublishedSnapshot(kv, SIGNER)).hosts.find((rules) => rules.host === "host-7.example.com");
  assert.deepEqual(host?.routes[0]?.policies, closed);
});

test("A candidate of other size has the same number of shards as the active rules", async () => {
  const { kv, staged } = await startRollout(sortByHost(generateHosts(2000, 8 * KIB)));
  assert.equal(staged.manifest.candidate?.counts.hosts, 2000);
  assert.deepEqual(sortByHost((await readPublishedSnapshot(kv, SIGNER)).hosts), HOSTS);
  assert.equal((await readCandidateHosts(kv, staged.manifest)).length, 2000);
});

test("A publication without stages ends a roll-out", async () => {
  const { kv } = await startRollout();
  const { snapshot } = await publish(buildRules(HOSTS), kv, SIGNER, LATER);
  assert.deepEqual([snapshot.manifest?.generation, snapshot.manifest?.candidate], [3, undefined]);
});

test("A step without a candidate is a usage error", async () => {
  const kv = new MemoryKv();
  await publish(buildRules(HOSTS), kv, SIGNER, NOW);
  await assert.rejects(promoteCandidate(await openTarget(kv), NOW), {
    message: "generation 1 has no candidate. Start a roll-out with --stage",
  });
  await assert.rejects(stageCandidate(buildRules(HOSTS), [5], await openTarget(new MemoryKv()), NOW), {
    message: "no generation is published. Publish without --stage first",
  });
});
