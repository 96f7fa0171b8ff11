import Cloudflare from "cloudflare";
import { kvOf } from "./cloudflare/kv.ts";
import { dnsOf } from "./cloudflare/records.ts";
import { expectFolder, readManifests, unparsableLine } from "./collect/manifests.ts";
import { clusterOf } from "./collect/objects.ts";
import { inspector } from "./compile/backtracking.ts";
import { lineOf, reasons } from "./compile/diagnostic.ts";
import type { Options } from "./compile/options.ts";
import { DEFAULT_PERMITS } from "./compile/permits.ts";
import { type Sealer, sealerOf } from "./publish/seal.ts";
import { type Signer, signerOf } from "./publish/sign.ts";
import { type Account, round } from "./round.ts";
import { UsageError } from "./usage-error.ts";

export interface PublishOptions extends Omit<Options, "zones" | "inspect" | "seal" | "permits"> {
  readonly manifests: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * One round from a folder to an account. The exit code: 1 where an object was refused, so that CI can tell. Nothing is
 * published while a file does not parse, since what it held would be taken from the edge.
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
  const cluster = clusterOf([...files.values()].flat());
  const given = { ...options, inspect: inspector(), permits: DEFAULT_PERMITS };
  const done = await round(cluster, given, account, new Date());
  const { diagnostics, published, unneeded } = done;
  for (const diagnostic of diagnostics) print(lineOf(diagnostic));
  for (const { record } of unneeded)
    print(`note DNS record ${record.name}: no rule needs it any more; remove it in some minutes`);
  const { generation, digest, changed, writes } = published;
  print(`${changed ? "published" : "unchanged"} generation=${generation} digest=${digest} writes=${writes}`);
  return diagnostics.some(({ reason }) => reasons[reason].severity === "error") ? 1 : 0;
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
