import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import { compileWithLastGood, NO_PREVIOUS_STATE } from "../../sync/compile/last-good.ts";
import { createRegexLookup } from "../../sync/regex-check/regex-lookup.ts";
import { BENCH_OPTIONS, parseObjects } from "../bench/controller/compile-options.ts";
import { buildPublicationObjects, changeIngress } from "../bench/controller/publication-objects.ts";

const NOW = "2026-03-01T12:00:00Z";
const HOSTS = 10_000;

test("A change beside a quarantined Ingress compiles four hosts of 10,000 at most", () => {
  const checks = createRegexLookup();
  let compiledRegexes = 0;
  const regexVerdicts = {
    get(pattern: string) {
      compiledRegexes++;
      return checks.get(pattern);
    },
  };
  const options = { ...BENCH_OPTIONS, regexVerdicts };
  const cache = createCompileCache();
  const compile = (cluster: Cluster, previousState = NO_PREVIOUS_STATE) =>
    compileWithLastGood(cluster, previousState, options, NOW, cache);
  const cluster = withRegexes(parseObjects(buildPublicationObjects(HOSTS)));
  const first = compile(cluster);
  assert.ok(compiledRegexes >= HOSTS, `${compiledRegexes} lookups of verdicts`);
  const regexesOfHost = compiledRegexes / HOSTS;
  const broken = compile(breakIngress(cluster, 5), first);
  assert.equal(broken.brokenSince.size, 1);
  compiledRegexes = 0;
  const changed = compile(changeIngress(breakIngress(cluster, 5), 1), broken);
  assert.equal(changed.brokenSince.size, 1);
  assert.ok(compiledRegexes <= 4 * regexesOfHost, `${compiledRegexes} lookups of verdicts`);
});

function withRegexes(cluster: Cluster): Cluster {
  const annotations = { "nginx.ingress.kubernetes.io/use-regex": "true" };
  const ingresses = cluster.ingresses.map((ingress) => ({
    ...ingress,
    annotations,
    rules: ingress.rules.map((rule) => ({
      ...rule,
      paths: rule.paths.map((path) => ({ ...path, path: `${path.path}(.*)`, pathType: "ImplementationSpecific" })),
    })),
  }));
  return { ...cluster, ingresses };
}

const brokenIngresses = new WeakMap<Cluster, Cluster>();

/** Returns the cluster with an invalid host in one Ingress, the same cluster each time. */
function breakIngress(cluster: Cluster, index: number): Cluster {
  const known = brokenIngresses.get(cluster);
  if (known) return known;
  const ingresses = cluster.ingresses.map((ingress, position) =>
    position === index ? { ...ingress, rules: ingress.rules.map((rule) => ({ ...rule, host: "bad host!" })) } : ingress,
  );
  const broken = { ...cluster, ingresses };
  brokenIngresses.set(cluster, broken);
  return broken;
}
