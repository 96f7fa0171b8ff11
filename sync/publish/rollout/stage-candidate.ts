import { compareText } from "../../../src/rules/compare-text.ts";
import type { Candidate, HostRules, Manifest, Rules } from "../../../src/rules/snapshot.ts";
import { diffDigests } from "../../../src/rules/storage/digest-table.ts";
import { writeBlobs } from "../blobs.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import type { SecretEncryptor } from "../encrypt-secrets.ts";
import { type ClosedIngress, fitShards } from "../fit-shards.ts";
import { withWriteFence } from "../guard/write-fence.ts";
import { checkSizes } from "../kv-limits.ts";
import { chooseBlobCounts, computeRulesDigest, type PublicationTarget, planPublication } from "../plan-publication.ts";
import { serializeHosts, type TokenEncryptor } from "../serialize.ts";
import { decodeTable, encodeTable, readActiveTables } from "../storage/manifest-blobs.ts";
import { encodeBlobs, findNewBlobs } from "../storage/new-blobs.ts";
import { planSide, type SidePlan } from "../storage/plan-side.ts";
import { readSideHosts } from "../storage/read-hosts.ts";
import { type ManifestTarget, writeManifest } from "../write-manifest.ts";
import { withCandidateGuards } from "./candidate-guards.ts";
import { type RolloutManifest, requirePublished, type WrittenRollout } from "./rollout-manifest.ts";

const TOKEN_PATTERN = /"sealed:[0-9a-f]{64}"/;

/** The stages of a roll-out, and the means to publish it. */
export interface RolloutTarget extends ManifestTarget {
  readonly author: Manifest["author"];
  readonly encryptor?: Pick<SecretEncryptor, "prepare"> | undefined;
}

/** A published candidate. */
export interface StagedCandidate extends WrittenRollout {
  readonly writes: number; // keys written
  readonly bytes: number; // written
  /** Rules of the active side, with the guards of the candidate. */
  readonly activeHosts: readonly HostRules[];
  readonly closedIngresses: readonly ClosedIngress[];
}

/**
 * Publishes rules as candidate for the share of the first stage. The active rules get the guards that the candidate adds or
 * tightens. Blobs are written first, then one manifest. Another candidate is replaced. Rejects if nothing is published yet,
 * if a value is too large, or with a `PublishConflictError` if another process published since the base was read.
 */
export async function stageCandidate(
  rules: Rules,
  stages: readonly number[],
  rolloutTarget: RolloutTarget,
  now: Date,
): Promise<StagedCandidate> {
  const { kv, signer, base, fence, author, encryptor } = rolloutTarget;
  const { snapshot } = base;
  const published = requirePublished(snapshot);
  const encryptTokens = await encryptor?.prepare(serializeHosts(rules.hosts));
  const target = { kvNamespaceId: kv.namespaceId, hashKey: signer.hashKey, encryptTokens, author };
  const fitted = fitShards(rules, (fitting) => planPublication(fitting, published, 1, now, target));
  // A process forgets secrets that left the cluster, and KV has their ciphertext.
  const isForgotten = encryptTokens !== undefined && hasUnknownTokens(snapshot.hosts, encryptTokens);
  const hosts = isForgotten ? await readSideHosts(kv, readActiveTables(published)) : snapshot.hosts;
  const sides = planSides(fitted.rules, sortHosts(hosts), published, target);
  const manifest: RolloutManifest = {
    ...withoutRollout(published),
    ...sides.active.manifestPart,
    digest: computeRulesDigest({ zones: published.zones, hosts: sides.activeHosts }),
    author,
    zones: [...rules.zones],
    candidate: describeCandidate(fitted.rules, sides, stages, now),
  };
  const entries = await encodeNewBlobs(sides, manifest, rolloutTarget);
  await writeBlobs(withWriteFence(kv, fence), entries, "shards");
  const written = await writeManifest(manifest, rolloutTarget, now);
  return {
    ...written,
    writes: entries.size + 2,
    bytes: [...entries.values()].reduce((sum, value) => sum + value.length, 2 * (written.currentBytes?.length ?? 0)),
    activeHosts: sides.activeHosts,
    closedIngresses: fitted.closedIngresses,
  };
}

/** The blobs of both sides, in the same numbers. */
interface PlannedSides {
  readonly activeHosts: readonly HostRules[];
  readonly active: SidePlan;
  readonly candidate: SidePlan;
}

function planSides(
  { hosts }: Rules,
  publishedHosts: readonly HostRules[],
  published: Manifest,
  target: PublicationTarget,
): PlannedSides {
  const activeHosts = withCandidateGuards(publishedHosts, hosts);
  const [activeCounts, candidateCounts] = [
    chooseBlobCounts(activeHosts, published, target),
    chooseBlobCounts(hosts, published, target),
  ];
  const counts = {
    shards: Math.max(activeCounts.shards, candidateCounts.shards),
    segments: Math.max(activeCounts.segments, candidateCounts.segments),
  };
  return {
    activeHosts,
    active: planSide(activeHosts, counts, target),
    candidate: planSide(hosts, counts, target),
  };
}

function describeCandidate(
  rules: Rules,
  { active, candidate }: PlannedSides,
  stages: readonly number[],
  now: Date,
): Candidate {
  const diff = (field: "shards" | "hostFilter") =>
    encodeTable(diffDigests(decodeTable(active.manifestPart[field]), decodeTable(candidate.manifestPart[field])));
  return {
    digest: computeRulesDigest(rules),
    ...candidate.manifestPart,
    hostFilter: diff("hostFilter"),
    shards: diff("shards"),
    share: stages[0] ?? 0,
    stages: [...stages],
    startedAt: now.toISOString(),
    stageStartedAt: now.toISOString(),
  };
}

async function encodeNewBlobs(
  { active, candidate }: PlannedSides,
  manifest: RolloutManifest,
  { base, signer }: RolloutTarget,
): Promise<Map<string, string>> {
  const blobs = {
    shards: new Map([...active.shards, ...candidate.shards]),
    filters: new Map([...active.filters, ...candidate.filters]),
  };
  const newBlobs = findNewBlobs(blobs, base.snapshot);
  const { problems } = checkSizes(newBlobs.shards.values(), signer.sign(toCanonicalJson(manifest)));
  if (problems.length > 0) throw new Error(`nothing was published: ${problems.join("; ")}`);
  return await encodeBlobs(newBlobs);
}

/** Whether a secret of some hosts has neither ciphertext nor text in this process. */
function hasUnknownTokens(hosts: readonly HostRules[], encryptTokens: TokenEncryptor): boolean {
  return serializeHosts(hosts).some(({ settings }) =>
    settings.some(({ text }) => TOKEN_PATTERN.test(encryptTokens(text))),
  );
}

/** Returns a manifest without its rollback, candidate and aborted candidate. */
function withoutRollout({ rollback: _pin, candidate: _candidate, aborted: _aborted, ...content }: Manifest) {
  return content;
}

function sortHosts(hosts: readonly HostRules[]): HostRules[] {
  return hosts.toSorted((a, b) => compareText(a.host, b.host));
}
