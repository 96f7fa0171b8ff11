/** What the Worker is deployed with: bindings and variables of wrangler.toml. */
export interface Env {
  /** The KV namespace that the sync job publishes into. */
  readonly RULES: KVNamespace;
  /** The Ed25519 key that manifests are verified with: 32 bytes, base64, as `edgress keys` prints it. */
  readonly MANIFEST_PUBLIC_KEY: string;
  /** Milliseconds after which the manifest is looked at again; 10000 unless set. */
  readonly RECHECK_MS?: string;
  /** Milliseconds that an origin may take to begin its answer; 60000 unless set. */
  readonly ANSWER_TIMEOUT_MS?: string;
}
