import Cloudflare from "cloudflare";
import { kvOf } from "./cloudflare/kv.ts";
import { dnsOf } from "./cloudflare/records.ts";
import { expectFolder, readManifests, unparsableLine } from "./collect/manifests.ts";
import { clusterOf } from "./collect/objects.ts";
import { inspector } from "./compile/backtracking.ts";
import { lineOf, reasons } from "./compile/diagnostic.ts";
import type { Options } from "./compile/options.ts";
import { disown, readOwner } from "./publish/ledger.ts";
import { ownedBy } from "./publish/owner.ts";
import { type Sealer, sealerOf } from "./publish/seal.ts";
import { type Signer, signerOf } from "./publish/sign.ts";
import { type Account, round } from "./round.ts";
import { UsageError } from "./usage-error.ts";

export interface PublishOptions extends Omit<Options, "zones" | "inspect"> {
  readonly manifests: string;
  /** Publishes to a KV namespace that a cluster's sync job owns, which is nobody's from then on. */
  readonly takeOver: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * One round from a folder to an account. The exit code: 1 where an object was refused, so that CI can tell. Nothing is
 * published while a file does not parse, since what it held would be taken from the edge, or where a cluster's sync job
 * publishes, which would take it back.
 */
export async function publishCommand(
  options: PublishOptions,
  environment: Environment,
  print: (line: string) => void,
): Promise<number> {
  const account = accountOf(environment);
  await expectFolder(options.manifests);
  const { files, unparsable } = await readManifests(options.manifests);
  for (const file of unparsable) print(unparsableLine(file));
  if (unparsable.length > 0) {
    print("nothing was published: every file must parse");
    return 1;
  }
  await expectNoOwner(account, options.takeOver);
  const cluster = clusterOf([...files.values()].flat());
  const done = await round(cluster, { ...options, inspect: inspector() }, account, new Date());
  const { diagnostics, published, unneeded } = done;
  for (const diagnostic of diagnostics) print(lineOf(diagnostic));
  for (const { record } of unneeded)
    print(`note DNS record ${record.name}: no rule needs it any more; remove it in some minutes`);
  const { generation, digest, changed, writes, warnings } = published;
  for (const warning of warnings) print(`warning ${warning}`);
  print(`${changed ? "published" : "unchanged"} generation=${generation} digest=${digest} writes=${writes}`);
  return diagnostics.some(({ reason }) => reasons[reason].severity === "error") ? 1 : 0;
}

async function expectNoOwner({ kv, signer }: Account, takeOver: boolean): Promise<void> {
  const owned = ownedBy(await readOwner(kv, signer), undefined);
  if (owned.ok) return;
  if (!takeOver) throw new UsageError(owned.problem);
  await disown(kv, signer);
}

function accountOf(environment: Environment): Account {
  const accountId = required(environment, "CLOUDFLARE_ACCOUNT_ID", "the account's id");
  const namespaceId = required(environment, "EDGRESS_KV_NAMESPACE_ID", "the id of the KV namespace bound as RULES");
  const apiToken = required(environment, "CLOUDFLARE_API_TOKEN", "a token that may edit Workers KV and DNS");
  const signingKey = required(environment, "EDGRESS_SIGNING_KEY", "the key that `edgress keys` printed");
  const client = new Cloudflare({ apiToken, baseURL: environment.CLOUDFLARE_BASE_URL ?? null });
  const kv = kvOf(client, accountId, namespaceId);
  return { kv, dns: dnsOf(client, accountId), ...keepersFrom(signingKey, environment.EDGRESS_SEALING_PUBLIC_KEY) };
}

function keepersFrom(signingKey: string, sealingKey: string | undefined): { signer: Signer; sealer: Sealer } {
  try {
    return { signer: signerOf(signingKey), sealer: sealerOf(signingKey, sealingKey) };
  } catch {
    throw new UsageError("EDGRESS_SIGNING_KEY is no signing key: set it as `edgress keys` prints it");
  }
}

function required(environment: Environment, name: string, meaning: string): string {
  const value = environment[name];
  if (value) return value;
  throw new UsageError(`the environment variable ${name} is not set: ${meaning}`);
}
