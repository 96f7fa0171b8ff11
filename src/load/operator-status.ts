import { type Env, listDecryptionKeys } from "../env.ts";
import { derivePublicKeys } from "../runtime/decrypt-secret.ts";
import type { LoadResult } from "./load.ts";
import { readRejection } from "./log-event.ts";
import { parseVerifyingKeys } from "./verify.ts";

/** Returns the active generation of this isolate, its public keys, and why it rejected a newer snapshot. */
export async function buildOperatorStatus(loadResult: LoadResult, env: Env): Promise<object> {
  const keys = {
    verifyingKeys: listVerifyingKeys(env.EDGRESS_VERIFYING_KEY),
    encryptionKeys: await derivePublicKeys(listDecryptionKeys(env)),
  };
  if (!loadResult.ok) return { status: "no snapshot", reason: loadResult.reason, ...keys };
  const { generation, digest, publishedAt } = loadResult.manifest;
  const ageSeconds = Math.max(0, Math.round((Date.now() - Date.parse(publishedAt)) / 1000));
  return { generation, digest, ageSeconds, ...keys, rejected: readRejection() };
}

/** Returns the public keys, or none if one is invalid. Then the reason of the missing snapshot names the variable. */
function listVerifyingKeys(text: string): string[] {
  try {
    parseVerifyingKeys(text);
    return text.split(",").map((key) => key.trim());
  } catch {
    return [];
  }
}
