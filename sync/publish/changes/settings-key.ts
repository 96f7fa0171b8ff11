import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import { serializeSettings } from "../serialize.ts";

/** Returns the same key for equal settings, published or compiled. Undefined for no policies. */
export function findSettingsKey(policies: PolicySettings): string | undefined {
  return serializeSettings(policies)?.key;
}
