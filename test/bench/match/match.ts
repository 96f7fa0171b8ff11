import { checkBar, createReport, finishBench, readBenchFlags } from "../report.ts";
import { listOwnCandidates } from "./candidates.ts";
import { compareCandidates, type Timing } from "./compare.ts";
import { loadConditionPeers } from "./condition-peers.ts";
import { loadPeers } from "./peers.ts";
import { measureRegexes } from "./regexes.ts";
import { buildConditionedRequests, buildConditionedRules, buildHostRules } from "./workload.ts";

// Measures a decision from the host header and the path as the client sends them, beside routers that get both normalized.

const flags = readBenchFlags();
const SIZES = flags.quick ? [100] : [100, 1000, 10_000, 100_000];
const ROUNDS = flags.quick ? 3 : 9;
/** Limits of the slower of the product's matchers, as a multiple of the fastest peer. */
const RATIO_LIMITS = new Map([
  [100, 2],
  [10_000, 1],
]);
const MAX_CONDITIONED_HOSTS = 10_000;
const MAX_REGEX_NS = 20_000; // of 5,000 regexes on one host

const peers = await loadPeers();
const timings = SIZES.map((hosts) => ({
  hosts,
  rows: compareCandidates([...listOwnCandidates(buildHostRules), ...peers], hosts, ROUNDS),
}));
const conditionPeers = await loadConditionPeers();
const conditionTimings = SIZES.filter((hosts) => hosts <= MAX_CONDITIONED_HOSTS).map((hosts) => ({
  hosts,
  rows: compareCandidates(
    [...listOwnCandidates(buildConditionedRules), ...conditionPeers],
    hosts,
    ROUNDS,
    buildConditionedRequests,
  ),
}));
const regexRows = measureRegexes(flags.quick ? [3, 50] : [3, 50, 500, 5000], ROUNDS);

const formatRows = (rows: readonly Timing[]) =>
  rows.map(({ name, lowest, median, buildMs, heapMb }) => ({
    matcher: name,
    "lowest ns": Math.round(lowest),
    "median ns": Math.round(median),
    "build ms": Math.round(buildMs),
    "heap MB": Math.round(heapMb * 10) / 10,
  }));
const fastest = (rows: readonly Timing[], isPeer: boolean) =>
  Math.min(...rows.filter((row) => row.isPeer === isPeer).map((row) => row.lowest));
const slowestOwn = (rows: readonly Timing[]) =>
  Math.max(...rows.filter(({ isPeer }) => !isPeer).map(({ lowest }) => lowest));
const checkRatios = (subject: string, sizes: typeof timings) =>
  sizes.flatMap(({ hosts, rows }) => {
    const limit = flags.quick ? undefined : RATIO_LIMITS.get(hosts);
    return limit === undefined
      ? []
      : [checkBar(`${hosts} hosts${subject}, to the fastest peer`, slowestOwn(rows) / fastest(rows, true), limit, "×")];
  });
const ratioBars = [...checkRatios("", timings), ...checkRatios(" with conditions", conditionTimings)];
const lastRegexRow = regexRows.at(-1);
const regexBar = checkBar("one host's regexes", lastRegexRow?.["lowest ns"] ?? Number.NaN, MAX_REGEX_NS, "ns");

finishBench(
  createReport(
    "match",
    [
      ...timings.map(({ hosts, rows }) => ({
        title: `${hosts} hosts × 8 paths: CPU of a decision`,
        rows: formatRows(rows),
      })),
      ...conditionTimings.map(({ hosts, rows }) => ({
        title: `${hosts} hosts × 8 paths × 3 routes (method, header, neither): CPU of a decision`,
        rows: formatRows(rows),
      })),
      { title: "Regexes of one host: CPU of a decision", rows: regexRows },
    ],
    [...ratioBars, regexBar],
  ),
  flags,
);
