/** What the Worker is deployed with: bindings and variables of wrangler.toml. */
export interface Env {
  readonly RULES: RulesNamespace;
  /** The Ed25519 key that manifests are verified with: 32 bytes, base64, as `edgress keys` prints it. */
  readonly MANIFEST_PUBLIC_KEY: string;
  /** The X25519 key that sealed texts are opened with: a secret, 32 bytes, base64, as `edgress keys` prints it. */
  readonly EDGRESS_SEALING_KEY?: string;
  /** Milliseconds after which the manifest is looked at again; 10000 unless set. */
  readonly RECHECK_MS?: string;
  /** Milliseconds that an origin may take to begin its answer; 60000 unless set. */
  readonly ANSWER_TIMEOUT_MS?: string;
}

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
