import { type Analytics, createAnalytics } from "../cloudflare/analytics.ts";
import { type Certificates, createCertificates } from "../cloudflare/certificates.ts";
import { createApiClient } from "../cloudflare/client.ts";
import { createDns, type Dns } from "../cloudflare/dns.ts";
import { type CallDescription, withClearErrors } from "../cloudflare/failed-calls.ts";
import { createHostRecords, type HostRecords } from "../cloudflare/host-records.ts";
import { createKv, type Kv } from "../cloudflare/kv.ts";
import type { ApiTimings } from "../cloudflare/paced-fetch.ts";
import { createRoutes, type Routes } from "../cloudflare/routes.ts";
import { createSecretEncryptor, type SecretEncryptor } from "./encrypt-secrets.ts";
import { createSigner, createVerifier, type ManifestVerifier, type Signer } from "./sign-manifest.ts";

/** The Cloudflare account that edgress publishes to. */
export interface Account {
  readonly kv: Kv;
  readonly dns: Dns;
  readonly hostRecords: HostRecords;
  readonly routes: Routes;
  readonly certificates: Certificates;
  readonly signer: Signer;
  /** Accepts every key that the Worker accepts. */
  readonly verifier: ManifestVerifier;
  readonly encryptor: SecretEncryptor;
}

export interface AccountSettings {
  readonly apiToken: string;
  /** URL of Cloudflare's API; the public API if not set. */
  readonly baseURL?: string | undefined;
  readonly accountId: string;
  readonly namespaceId: string;
  /** The zones to use; all that the token may read if empty or not set. */
  readonly zoneIds?: readonly string[] | undefined;
  readonly signingKey: string;
  /** The public keys that the Worker accepts; the one of `signingKey` if not set. */
  readonly verifyingKeys?: readonly string[] | undefined;
  /** Public key for secrets. Without it, a Secret cannot be published. */
  readonly encryptionKey?: string | undefined;
  /** Minimum time between two writes of a key; 1.1 s if not set. */
  readonly writeIntervalMs?: number;
  /** Timings of API calls; the defaults if not set. */
  readonly timings?: Partial<ApiTimings> | undefined;
}

const KV_PERMISSION = "Workers KV Storage: Edit";
const KV_CALLS = {
  get: { action: "reading Workers KV", permission: KV_PERMISSION },
  getMany: { action: "reading Workers KV", permission: KV_PERMISSION },
  list: { action: "listing Workers KV", permission: KV_PERMISSION },
  listMetadata: { action: "listing Workers KV", permission: KV_PERMISSION },
  put: { action: "writing Workers KV", permission: KV_PERMISSION },
  remove: { action: "deleting from Workers KV", permission: KV_PERMISSION },
} as const satisfies Partial<Record<keyof Kv, CallDescription>>;

const DNS_CALLS = {
  listZones: { action: "listing the zones of the account", permission: "Zone: Read" },
  listRecords: { action: "listing DNS records", permission: "DNS: Edit" },
  readRecordQuota: { action: "reading the number of DNS records", permission: "DNS: Edit" },
  applyChange: { action: "changing DNS records", permission: "DNS: Edit" },
} as const satisfies Partial<Record<keyof Dns, CallDescription>>;

/** Creates the client of a dataset of Analytics Engine. It sends no request. Throws if the name is invalid. */
export function createAccountAnalytics(
  { apiToken, baseURL, timings, accountId }: Pick<AccountSettings, "apiToken" | "baseURL" | "timings" | "accountId">,
  dataset: string,
): Analytics {
  const analytics = createAnalytics(createApiClient({ apiToken, baseURL, timings }), accountId, dataset);
  const description = { action: "reading Analytics Engine", permission: "Account Analytics: Read" };
  return withClearErrors(analytics, { countRequests: description });
}
const HOST_RECORD_CALLS = {
  listAll: { action: "listing DNS records", permission: "DNS: Edit" },
  applyChange: { action: "changing DNS records", permission: "DNS: Edit" },
} as const satisfies Partial<Record<keyof HostRecords, CallDescription>>;

const ROUTE_CALLS = {
  list: { action: "listing Workers routes", permission: "Workers Routes: Edit" },
  create: { action: "creating a Workers route", permission: "Workers Routes: Edit" },
  remove: { action: "deleting a Workers route", permission: "Workers Routes: Edit" },
} as const satisfies Partial<Record<keyof Routes, CallDescription>>;

const READ_CERTIFICATES = "SSL and Certificates: Read";
const EDIT_CERTIFICATES = "SSL and Certificates: Edit";
const CERTIFICATE_CALLS = {
  listPacks: { action: "listing certificates", permission: READ_CERTIFICATES },
  hasTotalTls: { action: "reading the setting of Total TLS", permission: READ_CERTIFICATES },
  listUploaded: { action: "listing uploaded certificates", permission: READ_CERTIFICATES },
  upload: { action: "uploading a certificate", permission: EDIT_CERTIFICATES },
  replace: { action: "replacing a certificate", permission: EDIT_CERTIFICATES },
  remove: { action: "deleting a certificate", permission: EDIT_CERTIFICATES },
} as const satisfies Partial<Record<keyof Certificates, CallDescription>>;

/** Creates the clients of an account. It sends no request. Throws if the signing key is invalid. */
export function createAccount(settings: AccountSettings): Account {
  const { apiToken, baseURL, timings, accountId, namespaceId, signingKey, encryptionKey, writeIntervalMs } = settings;
  const client = createApiClient({ apiToken, baseURL, timings });
  const signer = createSigner(signingKey);
  return {
    kv: withClearErrors(createKv(client, accountId, namespaceId, writeIntervalMs), KV_CALLS),
    dns: withClearErrors(createDns(client, accountId, settings.zoneIds, undefined, namespaceId), DNS_CALLS),
    hostRecords: withClearErrors(createHostRecords(client), HOST_RECORD_CALLS),
    routes: withClearErrors(createRoutes(client), ROUTE_CALLS),
    certificates: withClearErrors(createCertificates(client), CERTIFICATE_CALLS),
    signer,
    verifier: settings.verifyingKeys ? createVerifier(settings.verifyingKeys) : signer,
    encryptor: createSecretEncryptor(signingKey, encryptionKey),
  };
}
