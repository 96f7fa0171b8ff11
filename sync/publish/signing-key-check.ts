import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import type { Account } from "./account.ts";
import { isSignedManifest } from "./sign-manifest.ts";

/**
 * Returns a problem of one line if the Worker would reject what this account signs: the signing key does not belong to the
 * verifying keys, or the published manifest has the signature of another key.
 */
export async function findSigningKeyProblem({
  kv,
  signer,
  verifier,
}: Pick<Account, "kv" | "signer" | "verifier">): Promise<string | undefined> {
  if (verifier.verify(signer.sign("")) === undefined)
    return "EDGRESS_SIGNING_KEY does not belong to EDGRESS_VERIFYING_KEY, so the Worker would reject the publication. Set both from the same run of `edgress keys`";
  const bytes = await kv.get(CURRENT_KEY);
  if (bytes === undefined || !isSignedManifest(bytes) || verifier.verify(bytes) !== undefined) return undefined;
  return "the published manifest is not signed with EDGRESS_SIGNING_KEY, so the Worker's EDGRESS_VERIFYING_KEY would reject this publication. Use the key that signed it. To rotate keys, set EDGRESS_VERIFYING_KEY=OLD,NEW here and in the Worker, or use --take-ownership";
}
