import assert from "node:assert/strict";
import { PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../../src/match/route-table.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { measureCpu, summarize } from "./compare.ts";

const REQUESTS = 2000;

/** Measures hosts with some regexes, beside a search in the order of the list. Both must find the same route. */
export function measureRegexes(counts: readonly number[], rounds: number) {
  return counts.map((count) => {
    const patterns = Array.from({ length: count }, (_, index) => `^/app-${index}(/|$)(.*)`);
    const table = buildRouteTable(buildRules(patterns));
    const regexes = patterns.map((pattern) => new RegExp(pattern, "i"));
    const paths = Array.from({ length: REQUESTS }, (_, index) => `/app-${(index * 7919) % count}/users/42`);
    const find = (path: string) => {
      const match = findRoute(table, path, PLAIN_REQUEST);
      return typeof match === "string" ? -1 : match.position;
    };
    for (const path of paths)
      assert.equal(
        find(path),
        regexes.findIndex((regex) => regex.test(path)),
      );
    const times: number[] = [];
    const plainTimes: number[] = [];
    const plainPaths = paths.slice(0, count > 500 ? 100 : REQUESTS);
    for (let round = 0; round < rounds; round++) {
      times.push(measureCpu(() => paths.forEach((path) => void find(path))) / paths.length);
      plainTimes.push(
        measureCpu(() => plainPaths.forEach((path) => void regexes.findIndex((regex) => regex.test(path)))) /
          plainPaths.length,
      );
    }
    const { lowest, median } = summarize(times);
    return {
      regexes: count,
      "lowest ns": Math.round(lowest),
      "median ns": Math.round(median),
      "lowest ns in the order of the list": Math.round(summarize(plainTimes).lowest),
    };
  });
}

function buildRules(patterns: readonly string[]): HostRules {
  const routes = patterns.map((pattern, index) => ({
    id: `bench/i#0.${index}`,
    path: { type: "regex", pattern } as const,
    policies: {},
  }));
  return { host: "a.example.com", policies: {}, routes, backends: {} };
}
