import type { Cluster } from "../../../sync/collect/cluster-model.ts";
import { assembleCluster, parseObject } from "../../../sync/collect/parse-objects.ts";
import type { Options } from "../../../sync/compile/options.ts";
import { DEFAULT_PERMITS } from "../../../sync/permits/model.ts";
import { createRegexLookup } from "../../../sync/regex-check/regex-lookup.ts";

export const BENCH_OPTIONS: Options = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  zones: ["example.com"],
  permits: DEFAULT_PERMITS,
  regexVerdicts: createRegexLookup(),
  tokenizeSecret: (text) => text,
};

/** Parses objects one by one, as a watch does: the whole objects are never in memory together. */
export function parseObjects(objects: Iterable<object>): Cluster {
  const parsed = Array.from(objects, (object) => parseObject({ object, source: "the API" })).flat();
  return { ...assembleCluster(parsed), certificates: "unknown" };
}

/** CPU of all threads of the process, because garbage is collected in others, and the time that passed. In ms. */
export interface Elapsed {
  readonly "CPU ms": number;
  readonly "wall ms": number;
}

/** Measures the CPU and the time that `run` takes. */
export async function measureElapsed<T>(run: () => T | Promise<T>): Promise<{ value: T; elapsed: Elapsed }> {
  const [startedAt, cpuBefore] = [performance.now(), process.cpuUsage()];
  const value = await run();
  const { user, system } = process.cpuUsage(cpuBefore);
  const elapsed = {
    "CPU ms": Math.round((user + system) / 1000),
    "wall ms": Math.round(performance.now() - startedAt),
  };
  return { value, elapsed };
}
