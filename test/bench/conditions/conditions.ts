import { listOwnCandidates } from "../match/candidates.ts";
import { checkPeerBars, compareCandidates, formatTimings } from "../match/compare.ts";
import { buildConditionedRequests, buildConditionedRules } from "../match/workload.ts";
import { createReport, finishBench, readBenchFlags } from "../report.ts";
import { loadConditionPeers } from "./peers.ts";

// Measures a decision by path, method and header, with three routes for each path: a method, a header, neither.

const flags = readBenchFlags();
const SIZES = flags.quick ? [100] : [100, 1000, 10_000];
const ROUNDS = flags.quick ? 3 : 9;

const peers = await loadConditionPeers();
const timings = SIZES.map((hosts) => ({
  hosts,
  rows: compareCandidates(
    [...listOwnCandidates(buildConditionedRules), ...peers],
    hosts,
    ROUNDS,
    buildConditionedRequests,
  ),
}));

finishBench(
  createReport(
    "conditions",
    timings.map(({ hosts, rows }) => ({
      title: `${hosts} hosts × 8 paths × 3 routes: CPU of a decision`,
      rows: formatTimings(rows),
    })),
    flags.quick ? [] : timings.flatMap(({ hosts, rows }) => checkPeerBars(hosts, rows)),
  ),
  flags,
);
