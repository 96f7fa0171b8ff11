/** The published format: the values in Workers KV, their keys, and their verification. */
export { findShardDigest } from "../../src/load/find-shard.ts";
export { verifyManifest, verifyShard } from "../../src/load/verify.ts";
export { CURRENT_KEY, generationKey, shardKey } from "../../src/rules/kv-keys.ts";
export {
  Address,
  Backend,
  FORMAT,
  HostRules,
  Manifest,
  PathMatch,
  Route,
  type Rules,
  Shard,
  SignedManifest,
} from "../../src/rules/snapshot.ts";
