/** The Worker's variables and secrets, for the documentation. Keys are 32 bytes in base64, printed by `edgress keys`. */
export const WORKER_VARIABLES = {
  EDGRESS_VERIFYING_KEY: {
    doc: "Ed25519 public key that verifies manifests. Two keys, separated by a comma, while keys are rotated.",
    required: true,
    default: "none",
  },
  EDGRESS_KV_NAMESPACE_ID: {
    doc: "Id of the KV namespace of the binding `RULES`. Manifests of another namespace are rejected.",
    required: true,
    default: "none",
  },
  EDGRESS_DECRYPTION_KEY: {
    doc: "X25519 private key that decrypts secrets. Set it as a Worker secret.",
    required: false,
    default: "none",
  },
  EDGRESS_DECRYPTION_KEY_2: {
    doc: "Second private key, while keys are rotated. `edgress keys rotate` sets one of the two and deletes the other.",
    required: false,
    default: "none",
  },
  EDGRESS_BUILD: {
    doc: "Version of the Worker. `edgress init` sets it, and `edgress check` compares it.",
    required: false,
    default: "none",
  },
  EDGRESS_STATUS_TOKEN: {
    doc: "Token for `/.well-known/edgress/generation`, as `Authorization: Bearer TOKEN`. Without it the path is 404. Set it as a Worker secret.",
    required: false,
    default: "none",
  },
  SNAPSHOT_REFRESH_MS: {
    doc: "Milliseconds between two checks for a newer manifest.",
    required: false,
    default: "10000",
  },
  FLOOR_SETTLE_MS: {
    doc: "Milliseconds until a starting isolate rejects every generation older than the one that edges serve.",
    required: false,
    default: "300000",
  },
  ORIGIN_TIMEOUT_MS: {
    doc: "Milliseconds until an origin must begin its response, if no annotation sets it.",
    required: false,
    default: "60000",
  },
} as const;

/** The Worker's bindings. One sentence each, for the documentation. */
export const WORKER_BINDINGS = {
  RULES: "KV namespace that the controller publishes to.",
  FLOOR:
    "Durable Object that remembers the newest generation. Without it a starting isolate accepts an older signed manifest.",
  LIMITER: "Durable Objects that count requests, one for each Ingress and client. Without it no limit applies.",
  ANALYTICS:
    "Workers Analytics Engine dataset with one data point for each request. Staged roll-outs that promote by themselves need it.",
} as const;

type VariableName<Required extends boolean> = {
  [N in keyof typeof WORKER_VARIABLES]: (typeof WORKER_VARIABLES)[N]["required"] extends Required ? N : never;
}[keyof typeof WORKER_VARIABLES];

type Variables = { readonly [N in VariableName<true>]: string } & { readonly [N in VariableName<false>]?: string };

interface BindingTypes {
  readonly RULES: RulesNamespace;
  readonly FLOOR?: FloorNamespace;
  readonly LIMITER?: LimiterNamespace;
  readonly ANALYTICS?: AnalyticsDataset;
}

/** The Worker's bindings and variables, set in wrangler.toml. */
export type Env = Variables & Pick<BindingTypes, keyof typeof WORKER_BINDINGS>;

/** Returns the private keys that decrypt secrets: two while keys are rotated. */
export function listDecryptionKeys(
  env: Pick<Env, "EDGRESS_DECRYPTION_KEY" | "EDGRESS_DECRYPTION_KEY_2">,
): readonly string[] {
  return [env.EDGRESS_DECRYPTION_KEY, env.EDGRESS_DECRYPTION_KEY_2].flatMap((key) => (key ? [key] : []));
}

/** A dataset of Workers Analytics Engine. */
export interface AnalyticsDataset {
  writeDataPoint(point: { readonly indexes: [string]; readonly blobs: string[]; readonly doubles: number[] }): void;
}

export interface FloorNamespace {
  getByName(name: string): SnapshotFloor;
}

/** Remembers the newest generation that edges serve. */
export interface SnapshotFloor {
  /** Returns the lowest generation that a starting isolate may serve; 0 without any. */
  read(): Promise<number>;
  raise(generation: number): Promise<void>;
}

export interface LimiterNamespace {
  getByName(name: string): RateLimiter;
}

/** Counts the requests of one client to one Ingress. */
export interface RateLimiter {
  acquire(request: RateLimitRequest): Promise<Admission>;
  /** Extends the slot of a request in progress. */
  renew(slot: string): Promise<void>;
  release(slot: string): Promise<void>;
}

/** The limits that apply to a request. */
export interface RateLimitRequest {
  readonly rates: readonly Rate[];
  /** Maximum number of concurrent requests; 0 for no limit. */
  readonly connections: number;
}

/** One request each `intervalMs`, and `burst` additional requests at once. */
export interface Rate {
  readonly name: string;
  readonly intervalMs: number;
  readonly burst: number;
}

/** Whether a request is within its limits, or the exceeded limit. A slot must be released. */
export type Admission = { readonly ok: true; readonly slot?: string } | { readonly ok: false; readonly limit: string };

/** The KV namespace that the controller publishes to, with the methods that the edge uses. */
export interface RulesNamespace {
  get(key: string, options: ReadOptions): Promise<string | null>;
  /** Reads up to 100 keys in one operation. */
  get(keys: string[], options: ReadOptions): Promise<Map<string, string | null>>;
}

interface ReadOptions {
  readonly type: "text";
  readonly cacheTtl: number; // seconds
}
