import Cloudflare from "cloudflare";
import { createDns, type Dns } from "../cloudflare/dns.ts";
import { createKv, type Kv } from "../cloudflare/kv.ts";
import { createSecretEncryptor, type SecretEncryptor } from "../publish/encrypt-secrets.ts";
import { createSigner, type Signer } from "../publish/sign-manifest.ts";
import { UsageError } from "./usage-error.ts";

/** The Cloudflare account that is published to. */
export interface Account {
  readonly kv: Kv;
  readonly dns: Dns;
  readonly signer: Signer;
  readonly encryptor: SecretEncryptor;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The account that the environment names. Throws a UsageError that names the variable which is missing or no good. */
export function loadAccount(environment: Environment): Account {
  const accountId = requireVariable(environment, "CLOUDFLARE_ACCOUNT_ID", "the account's id");
  const namespaceId = requireVariable(
    environment,
    "EDGRESS_KV_NAMESPACE_ID",
    "the id of the KV namespace bound as RULES",
  );
  const apiToken = requireVariable(environment, "CLOUDFLARE_API_TOKEN", "a token that may edit Workers KV and DNS");
  const signingKey = requireVariable(environment, "EDGRESS_SIGNING_KEY", "the key that `edgress keys` printed");
  const client = new Cloudflare({ apiToken, baseURL: environment.CLOUDFLARE_BASE_URL ?? null });
  const kv = createKv(client, accountId, namespaceId);
  return {
    kv,
    dns: createDns(client, accountId),
    ...createSignerAndEncryptor(signingKey, environment.EDGRESS_ENCRYPTION_KEY),
  };
}

function createSignerAndEncryptor(
  signingKey: string,
  encryptionKey: string | undefined,
): Pick<Account, "signer" | "encryptor"> {
  try {
    return { signer: createSigner(signingKey), encryptor: createSecretEncryptor(signingKey, encryptionKey) };
  } catch {
    throw new UsageError("EDGRESS_SIGNING_KEY is no signing key: set it as `edgress keys` prints it");
  }
}

function requireVariable(environment: Environment, name: string, description: string): string {
  const value = environment[name];
  if (value) return value;
  throw new UsageError(`the environment variable ${name} is not set: ${description}`);
}
