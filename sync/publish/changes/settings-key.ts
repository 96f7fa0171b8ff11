import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { Shard } from "../../../src/rules/snapshot.ts";
import { serializeSettings } from "../serialize.ts";

// A published secret is ciphertext. The key of its settings is computed from its token, so it can be compared.
const publishedKeys = new WeakMap<PolicySettings, string>();

/** Remembers the keys of the settings in a shard. */
export function rememberSettingsKeys({ settings }: Shard): void {
  for (const [key, policies] of Object.entries(settings)) publishedKeys.set(policies, key);
}

/** Returns the same key for equal settings, published or compiled. Undefined for no policies. */
export function findSettingsKey(policies: PolicySettings): string | undefined {
  return publishedKeys.get(policies) ?? serializeSettings(policies)?.key;
}
