/** What the Worker is deployed with: bindings and variables of wrangler.toml. */
export interface Env {
  readonly RULES: RulesNamespace;
  /** The Ed25519 key that manifests are verified with: 32 bytes, base64, as `edgress keys` prints it. */
  readonly EDGRESS_VERIFYING_KEY: string;
  /** The X25519 key that sealed texts are opened with: a secret, 32 bytes, base64, as `edgress keys` prints it. */
  readonly EDGRESS_DECRYPTION_KEY?: string;
  /** Milliseconds after which the manifest is looked at again; 10000 unless set. */
  readonly SNAPSHOT_REFRESH_MS?: string;
  /** Milliseconds that an origin may take to begin its answer, where no annotation says so; 60000 unless set. */
  readonly ORIGIN_TIMEOUT_MS?: string;
  /** The objects that count requests, one for each Ingress and client; without them no limit holds. */
  readonly LIMITER?: LimiterNamespace;
}

export interface LimiterNamespace {
  getByName(name: string): RateLimiter;
}

/** What counts the requests of one client to one Ingress. */
export interface RateLimiter {
  acquire(request: RateLimitRequest): Promise<Admission>;
  /** Says that a request goes on. */
  renew(slot: string): Promise<void>;
  release(slot: string): Promise<void>;
}

/** A request, and the limits that it must be within. */
export interface RateLimitRequest {
  readonly rates: readonly Rate[];
  /** Requests at a time; 0 for any number. */
  readonly connections: number;
}

/** One request each `intervalMs`, and `burst` more at once. */
export interface Rate {
  readonly name: string;
  readonly intervalMs: number;
  readonly burst: number;
}

/** Whether a request is within its limits; if not, which one it breaks. A lease is to be given back. */
export type Admission = { readonly ok: true; readonly slot?: string } | { readonly ok: false; readonly limit: string };

/** The KV namespace that the sync job publishes into, as far as the edge uses it. */
export interface RulesNamespace {
  get(key: string, options: ReadOptions): Promise<string | null>;
  /** One operation for all keys, 100 at most. */
  get(keys: string[], options: ReadOptions): Promise<Map<string, string | null>>;
}

interface ReadOptions {
  readonly type: "text";
  readonly cacheTtl: number; // seconds
}

/** What the Worker is deployed with, for the documentation. A member of Env that is missing here does not compile. */
export const WORKER_VARIABLES = {
  RULES: { required: true, doc: "Binding of the KV namespace that the controller publishes to." },
  EDGRESS_VERIFYING_KEY: {
    required: true,
    doc: "Public key that manifests are verified with: Ed25519, 32 bytes, base64.",
  },
  EDGRESS_DECRYPTION_KEY: {
    required: false,
    doc: "Secret. Key that secrets are decrypted with: X25519, 32 bytes, base64. Required if an Ingress has an `auth-secret`.",
  },
  SNAPSHOT_REFRESH_MS: {
    required: false,
    default: "10000",
    doc: "Milliseconds after which an isolate checks for a newer snapshot.",
  },
  ORIGIN_TIMEOUT_MS: {
    required: false,
    default: "60000",
    doc: "Milliseconds until an origin's response must start, if no annotation sets it.",
  },
  LIMITER: {
    required: false,
    doc: "Binding of the Durable Object that counts requests. Without it, rate limits do not apply.",
  },
} as const satisfies Record<keyof Env, { readonly required: boolean; readonly default?: string; readonly doc: string }>;
