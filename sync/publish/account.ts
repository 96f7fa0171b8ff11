import Cloudflare from "cloudflare";
import { createDns, type Dns } from "../cloudflare/dns.ts";
import { createKv, type Kv } from "../cloudflare/kv.ts";
import { createSecretEncryptor, type SecretEncryptor } from "./encrypt-secrets.ts";
import { createSigner, type Signer } from "./sign-manifest.ts";

/** The Cloudflare account that edgress publishes to. */
export interface Account {
  readonly kv: Kv;
  readonly dns: Dns;
  readonly signer: Signer;
  readonly encryptor: SecretEncryptor;
}

export interface AccountSettings {
  readonly apiToken: string;
  /** URL of Cloudflare's API; the public API if not set. */
  readonly baseURL?: string | undefined;
  readonly accountId: string;
  readonly namespaceId: string;
  readonly signingKey: string;
  /** Public key for secrets. Without it, a Secret cannot be published. */
  readonly encryptionKey?: string | undefined;
  /** Minimum time between two writes of a key; 1.1 s if not set. */
  readonly writeIntervalMs?: number;
}

/** Creates the clients of an account. It sends no request. Throws if the signing key is invalid. */
export function createAccount(settings: AccountSettings): Account {
  const { apiToken, baseURL = null, accountId, namespaceId, signingKey, encryptionKey, writeIntervalMs } = settings;
  const client = new Cloudflare({ apiToken, baseURL });
  return {
    kv: createKv(client, accountId, namespaceId, writeIntervalMs),
    dns: createDns(client, accountId),
    signer: createSigner(signingKey),
    encryptor: createSecretEncryptor(signingKey, encryptionKey),
  };
}
