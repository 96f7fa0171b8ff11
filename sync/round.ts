import type { Rules } from "../src/rules/snapshot.ts";
import type { Account } from "./account.ts";
import type { Cluster } from "./collect/cluster.ts";
import { compile } from "./compile/compile.ts";
import type { Diagnostic } from "./compile/diagnostic.ts";
import type { Options } from "./compile/options.ts";
import { originRecords, type Unneeded } from "./publish/origin-records.ts";
import { type Published, publish } from "./publish/publish.ts";

export interface Round {
  readonly rules: Rules;
  readonly diagnostics: readonly Diagnostic[];
  readonly published: Published;
  /** Records that the published rules do not need. Edges may still serve rules that do, so they are not removed yet. */
  readonly unneeded: readonly Unneeded[];
}

/** From a cluster to what the edge reads: compile, add the DNS records that the rules need, publish. */
export async function round(
  cluster: Cluster,
  options: Omit<Options, "zones" | "seal">,
  account: Account,
  now: Date,
): Promise<Round> {
  const records = originRecords(account.dns, () => now.getTime());
  const zones = await records.zones();
  const { seal } = account.sealer;
  const { rules, diagnostics } = compile(cluster, { ...options, seal, zones: zones.map(({ name }) => name) });
  const unneeded = await records.keep(rules, () => {});
  const published = await publish(rules, account.kv, account.signer, now, account.sealer);
  return { rules, diagnostics, published, unneeded };
}
