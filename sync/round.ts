import type { Rules } from "../src/rules/snapshot.ts";
import type { Kv } from "./cloudflare/kv.ts";
import { type Dns, type HeldRecord, planRecords, type Zone } from "./cloudflare/records.ts";
import type { Cluster } from "./collect/cluster.ts";
import { compile } from "./compile/compile.ts";
import type { Diagnostic } from "./compile/diagnostic.ts";
import type { Options } from "./compile/options.ts";
import { type Published, publish } from "./publish/publish.ts";
import { recordsOf } from "./publish/records.ts";
import type { Sealer } from "./publish/seal.ts";
import type { Signer } from "./publish/sign.ts";

/** The Cloudflare account that is published to. */
export interface Account {
  readonly kv: Kv;
  readonly dns: Dns;
  readonly signer: Signer;
  readonly sealer: Sealer;
}

export interface Round {
  readonly rules: Rules;
  readonly diagnostics: readonly Diagnostic[];
  readonly published: Published;
  /** Records that the published rules do not need. Edges may still serve rules that do, so they are not removed yet. */
  readonly unneeded: readonly Unneeded[];
}

export interface Unneeded {
  readonly zone: Zone;
  readonly record: HeldRecord;
}

/** From a cluster to what the edge reads: compile, add the DNS records that the rules need, publish. */
export async function round(
  cluster: Cluster,
  options: Omit<Options, "zones" | "seal">,
  account: Account,
  now: Date,
): Promise<Round> {
  const zones = await account.dns.zones();
  const { seal } = account.sealer;
  const { rules, diagnostics } = compile(cluster, { ...options, seal, zones: zones.map(({ name }) => name) });
  const wanted = recordsOf(rules);
  const unneeded: Unneeded[] = [];
  for (const zone of zones) {
    const { add, remove } = planRecords(await account.dns.held(zone), wanted.get(zone.name) ?? []);
    const replaced = remove.filter(({ name }) => add.some((record) => record.name === name));
    if (add.length > 0) await account.dns.change(zone, { add, remove: replaced });
    unneeded.push(...remove.filter((record) => !replaced.includes(record)).map((record) => ({ zone, record })));
  }
  const published = await publish(rules, account.kv, account.signer, now, account.sealer);
  return { rules, diagnostics, published, unneeded };
}
