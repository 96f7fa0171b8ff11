import assert from "node:assert/strict";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import type { createCompileCache } from "../../sync/compile/compile-cache.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import { LINEAR, OPTIONS, ZONES } from "../support/fixture.ts";

// Expressions are all taken, and a token says what is behind it: a Secret that changes must change the rules.
export const FAST_OPTIONS: Options = {
  ...OPTIONS,
  zones: ZONES,
  regexVerdicts: { get: () => LINEAR },
  tokenizeSecret: (text) => `[${text}]`,
};

export const UNREADABLE_REFERENCE = { kind: "Secret", namespace: "shop", name: "none", problem: "forbidden" } as const;

export function parseClusterYaml(yaml: string): Cluster {
  const file = parseManifest(yaml, "in.yaml");
  return parseCluster("objects" in file ? file.objects : assert.fail());
}

/** Nothing changed but the lists: every host is the very object that it was. */
export function assertUnchanged(
  cluster: Cluster,
  options: Options,
  cache: ReturnType<typeof createCompileCache>,
  previousCompilation: Compilation,
): void {
  const copy = {
    ...cluster,
    ingresses: cluster.ingresses.toReversed(),
    services: cluster.services.toReversed(),
    gateway: { ...cluster.gateway, httpRoutes: cluster.gateway.httpRoutes.toReversed() },
    secrets: [...cluster.secrets],
    unreadableReferences: cluster.unreadableReferences.map((reference) => ({ ...reference })),
  };
  const secondCompilation = compile(copy, { ...options, zones: [...options.zones] }, cache);
  assert.deepEqual(secondCompilation, previousCompilation);
  for (const [index, rules] of secondCompilation.rules.hosts.entries()) {
    assert.equal(rules, previousCompilation.rules.hosts[index], rules.host);
  }
}
