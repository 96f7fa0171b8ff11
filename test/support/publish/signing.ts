import { createSigner, generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";

/** Signing keys of one test process. */
export const KEYS = generateSigningKeys();
export const SIGNER = createSigner(KEYS.privateKey);
/** Time of the first publication. */
export const NOW = new Date("2026-03-01T12:00:00Z");
