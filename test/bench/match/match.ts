import { checkBar, createReport, finishBench, readBenchFlags } from "../report.ts";
import { listOwnCandidates } from "./candidates.ts";
import { checkPeerBars, compareCandidates, formatTimings } from "./compare.ts";
import { loadPeers } from "./peers.ts";
import { measureRegexes } from "./regexes.ts";
import { buildHostRules } from "./workload.ts";

// Measures a decision from the host header and the path as the client sends them, beside routers that get both normalized.

const flags = readBenchFlags();
const SIZES = flags.quick ? [100] : [100, 1000, 10_000, 100_000];
const ROUNDS = flags.quick ? 3 : 9;
const MAX_REGEX_NS = 20_000; // of 5,000 regexes on one host

const peers = await loadPeers();
const timings = SIZES.map((hosts) => ({
  hosts,
  rows: compareCandidates([...listOwnCandidates(buildHostRules), ...peers], hosts, ROUNDS),
}));
const regexRows = measureRegexes(flags.quick ? [3, 50] : [3, 50, 500, 5000], ROUNDS);

const ratioBars = flags.quick ? [] : timings.flatMap(({ hosts, rows }) => checkPeerBars(hosts, rows));
const lastRegexRow = regexRows.at(-1);
const regexBar = checkBar("one host's regexes", lastRegexRow?.["lowest ns"] ?? Number.NaN, MAX_REGEX_NS, "ns");

finishBench(
  createReport(
    "match",
    [
      ...timings.map(({ hosts, rows }) => ({
        title: `${hosts} hosts × 8 paths: CPU of a decision`,
        rows: formatTimings(rows),
      })),
      { title: "Regexes of one host: CPU of a decision", rows: regexRows },
    ],
    [...ratioBars, regexBar],
  ),
  flags,
);
