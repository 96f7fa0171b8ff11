import Cloudflare from "cloudflare";
import { type Kv, kvOf } from "./cloudflare/kv.ts";
import { type Dns, dnsOf } from "./cloudflare/records.ts";
import { type Sealer, sealerOf } from "./publish/seal.ts";
import { type Signer, signerOf } from "./publish/sign.ts";
import { UsageError } from "./usage-error.ts";

/** The Cloudflare account that is published to. */
export interface Account {
  readonly kv: Kv;
  readonly dns: Dns;
  readonly signer: Signer;
  readonly sealer: Sealer;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The account that the environment names. Throws a UsageError that names the variable which is missing or no good. */
export function accountOf(environment: Environment): Account {
  const accountId = required(environment, "CLOUDFLARE_ACCOUNT_ID", "the account's id");
  const namespaceId = required(environment, "EDGRESS_KV_NAMESPACE_ID", "the id of the KV namespace bound as RULES");
  const apiToken = required(environment, "CLOUDFLARE_API_TOKEN", "a token that may edit Workers KV and DNS");
  const signingKey = required(environment, "EDGRESS_SIGNING_KEY", "the key that `edgress keys` printed");
  const client = new Cloudflare({ apiToken, baseURL: environment.CLOUDFLARE_BASE_URL ?? null });
  const kv = kvOf(client, accountId, namespaceId);
  return { kv, dns: dnsOf(client, accountId), ...keepersFrom(signingKey, environment.EDGRESS_SEALING_PUBLIC_KEY) };
}

function keepersFrom(signingKey: string, sealingKey: string | undefined): Pick<Account, "signer" | "sealer"> {
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
