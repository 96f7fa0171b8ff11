import { createSigner, type KeyPair } from "../../../sync/publish/sign-manifest.ts";

/** The signing keys of all tests. They are fixed, because the private key determines which hosts share a shard. */
export const KEYS: KeyPair = {
  privateKey: "MC4CAQAwBQYDK2VwBCIEIGeLa/g5jz2kaCo4SWoWxIkrUb8CVjZ48wuJA0bFXNQT",
  publicKey: "yqmG168AFeEnX6NCS46ciiUE9wKi2BLSPC00mT7bNPE=",
};
export const SIGNER = createSigner(KEYS.privateKey);
/** Time of the first publication. */
export const NOW = new Date("2026-03-01T12:00:00Z");
