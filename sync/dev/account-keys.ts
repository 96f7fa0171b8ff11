import type { generateEncryptionKeys } from "../publish/encrypt-secrets.ts";
import type { generateSigningKeys } from "../publish/sign-manifest.ts";

/** The keys of a local account, as `edgress keys` generates them. */
export interface AccountKeys {
  readonly signing: ReturnType<typeof generateSigningKeys>;
  readonly encryption: ReturnType<typeof generateEncryptionKeys>;
}
