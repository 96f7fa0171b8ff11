import type { Rules } from "../../src/rules/snapshot.ts";
import type { Cluster } from "../collect/cluster-model.ts";
import { compile } from "../compile/compile.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import type { Options } from "../compile/options.ts";
import type { Account } from "../publish/account.ts";
import { createOriginRecordSync, type StaleRecord } from "../publish/dns/sync-records.ts";
import { type PublishResult, publish } from "../publish/publish.ts";

export interface ManifestSyncResult {
  readonly rules: Rules;
  readonly diagnostics: readonly Diagnostic[];
  readonly publishResult: PublishResult;
  /** Records that the published rules do not need. Edges may still serve rules that do, so they are not removed yet. */
  readonly staleRecords: readonly StaleRecord[];
}

/** From a cluster to what the edge reads: compile, add the DNS records that the rules need, publish. */
export async function syncManifests(
  cluster: Cluster,
  options: Omit<Options, "zones" | "tokenizeSecret">,
  account: Account,
  now: Date,
): Promise<ManifestSyncResult> {
  const records = createOriginRecordSync(account.dns, () => now.getTime());
  const zones = await records.listZones();
  const { tokenizeSecret } = account.encryptor;
  const { rules, diagnostics } = compile(cluster, { ...options, tokenizeSecret, zones: zones.map(({ name }) => name) });
  const staleRecords = await records.sync(rules, () => {});
  const publishResult = await publish(rules, account.kv, account.signer, now, account.encryptor);
  return { rules, diagnostics, publishResult, staleRecords };
}
