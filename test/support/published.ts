import { verifyManifest, verifyShard } from "../../src/load/verify.ts";
import { CURRENT_KEY, shardKey } from "../../src/rules/kv-keys.ts";
import type { HostRules, Manifest, Rules } from "../../src/rules/snapshot.ts";
import type { Kv } from "../../sync/cloudflare/kv.ts";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import type { Diagnostic } from "../../sync/compile/diagnostics.ts";
import { NO_PREVIOUS_STATE } from "../../sync/compile/last-good.ts";
import type { Options } from "../../sync/compile/options.ts";
import { collectOnce } from "../../sync/controller/collect-cluster.ts";
import { type CompiledCluster, runPipeline } from "../../sync/controller/pipeline.ts";
import {
  createManifestDependencies,
  type ManifestPublication,
  publishManifests,
} from "../../sync/controller/publish-manifests.ts";
import type { Account } from "../../sync/publish/account.ts";

/** Rules for a host of about `bytes`; the text tells one version from another. */
export function buildHostRules(host: string, text: string, bytes = 0): HostRules {
  const path = { type: "prefix" as const, path: `/${text}${"x".repeat(bytes)}` };
  return { host, policies: {}, routes: [{ id: `default/${host}#0.0`, path, policies: {} }], backends: {} };
}

export function buildRules(hosts: readonly HostRules[]): Rules {
  return { zones: ["example.com"], hosts };
}

export function generateHosts(count: number, bytes: number): HostRules[] {
  return Array.from({ length: count }, (_, index) => buildHostRules(`host-${index}.example.com`, "a", bytes));
}

/** The whole of what an edge would serve from the manifest under `key`. Rejects unless every shard is there and verifies. */
export async function readAllShards(
  kv: Kv,
  publicKey: string,
  key = CURRENT_KEY,
): Promise<{ manifest: Manifest; hosts: HostRules[] }> {
  const manifest = await verifyManifest((await kv.get(key)) ?? "", publicKey);
  const digests = manifest.shards.filter((digest) => digest !== null);
  const shards = digests.map(async (digest) => verifyShard((await kv.get(shardKey(digest))) ?? "", digest));
  const hosts = (await Promise.all(shards)).flatMap((shard) => shard.hosts);
  return { manifest, hosts: sortByHost(hosts) };
}

export function sortByHost(hosts: readonly HostRules[]): HostRules[] {
  return hosts.toSorted((a, b) => (a.host < b.host ? -1 : 1));
}

export interface AccountPublication extends ManifestPublication {
  readonly rules: Rules;
  readonly diagnostics: readonly Diagnostic[];
}

/** Compiles a cluster and publishes it to an account, as `edgress publish` does. */
export async function publishToAccount(
  cluster: Cluster,
  { permits, ...options }: Omit<Options, "zones" | "tokenizeSecret">,
  account: Account,
  now: Date,
): Promise<AccountPublication> {
  const dependencies = createManifestDependencies(account, options, now);
  const stages = {
    collect: async () => collectOnce(cluster, permits),
    readBase: async () => ({ previousState: NO_PREVIOUS_STATE }),
    publish: publishManifests(dependencies, now),
    report: async ({ compilation: { rules, diagnostics } }: CompiledCluster, publication: ManifestPublication) => ({
      rules,
      diagnostics,
      ...publication,
    }),
  };
  const published = await runPipeline(dependencies, stages, now);
  if (!published) throw new Error("the cluster is not complete");
  return published;
}
