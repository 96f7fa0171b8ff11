import type { HostRules, Manifest, Rules } from "../../../src/rules/snapshot.ts";
import { countDigests, diffDigests } from "../../../src/rules/storage/digest-table.ts";
import {
  buildManifest,
  chooseBlobCounts,
  computeRulesDigest,
  type PublicationPlan,
  type PublicationTarget,
} from "../plan-publication.ts";
import { decodeTable, encodeTable, readActiveTables } from "../storage/manifest-blobs.ts";
import { planSide, type SidePlan } from "../storage/plan-side.ts";

/** The stage of a roll-out. */
export interface Stage {
  readonly share: number; // percent of clients
  readonly stages: readonly number[];
  readonly startedAt: string;
  readonly stageStartedAt: string;
}

/** The active rules that a candidate is published with. */
export interface ActiveSide {
  readonly manifest: Manifest;
  /** The active hosts with the guards of the candidate. */
  readonly hosts: readonly HostRules[];
  /** Whether the hosts are those of the manifest. */
  readonly isUnchanged: boolean;
}

/**
 * Plans a manifest with `rules` as the candidate. Both sides have the same number of blobs. The blobs of the active side
 * are planned again only if its guards or the number of blobs change.
 */
export function planCandidate(
  rules: Rules,
  active: ActiveSide,
  stage: Stage,
  generation: number,
  now: Date,
  target: PublicationTarget,
): PublicationPlan {
  const counts = chooseBlobCounts(rules.hosts, active.manifest, target);
  const tables = readActiveTables(active.manifest);
  const hasSameCounts =
    countDigests(tables.shards) === counts.shards && countDigests(tables.hostFilter) === counts.segments;
  const replannedSide = active.isUnchanged && hasSameCounts ? undefined : planSide(active.hosts, counts, target);
  const candidateSide = planSide(rules.hosts, counts, target);
  const activePart = replannedSide?.manifestPart ?? pickActivePart(active.manifest);
  const activeRules = { zones: rules.zones, hosts: active.hosts };
  const digest = active.isUnchanged ? active.manifest.digest : computeRulesDigest(activeRules);
  const manifest = { ...buildManifest(activeRules, activePart, generation, now, target), digest };
  return {
    manifest: { ...manifest, candidate: buildCandidate(rules, candidateSide.manifestPart, activePart, stage) },
    shards: new Map([...(replannedSide?.shards ?? []), ...candidateSide.shards]),
    filters: new Map([...(replannedSide?.filters ?? []), ...candidateSide.filters]),
  };
}

type SidePart = SidePlan["manifestPart"];

function pickActivePart({ counts, hostFilter, wildcardFilter, shards }: Manifest): SidePart {
  return { counts, hostFilter, wildcardFilter, shards };
}

function buildCandidate(
  rules: Rules,
  candidatePart: SidePart,
  activePart: SidePart,
  { share, stages, startedAt, stageStartedAt }: Stage,
): NonNullable<Manifest["candidate"]> {
  const diff = (field: "hostFilter" | "shards") =>
    encodeTable(diffDigests(decodeTable(activePart[field]), decodeTable(candidatePart[field])));
  return {
    digest: computeRulesDigest(rules),
    counts: candidatePart.counts,
    hostFilter: diff("hostFilter"),
    wildcardFilter: candidatePart.wildcardFilter,
    shards: diff("shards"),
    share,
    stages: [...stages],
    startedAt,
    stageStartedAt,
  };
}
