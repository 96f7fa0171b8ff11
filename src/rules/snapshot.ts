import * as z from "zod/mini";
import { PolicySettings } from "./policies/index.ts";

/** Raised when an older edge would misread a newer snapshot. */
export const FORMAT = 1;

/** How a route's path is compared with a request's. Paths are as written; they are compared as byte strings. */
export const PathMatch = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("exact"), path: z.string() }),
  z.strictObject({ type: z.literal("prefix"), path: z.string() }),
  // A JavaScript expression over byte strings, anchored at its start, that ignores case.
  z.strictObject({ type: z.literal("regex"), pattern: z.string() }),
]);
export type PathMatch = z.infer<typeof PathMatch>;

/** Where a backend is reached: an address that the edge knows by the DNS record that the sync job keeps for it. */
export const Address = z.strictObject({
  address: z.string(), // for people: "203.0.113.10"
  record: z.string(), // the record's first label, the same in every zone
});
export type Address = z.infer<typeof Address>;

export const Backend = z.strictObject({
  scheme: z.enum(["http", "https"]),
  port: z.int().check(z.gte(1), z.lte(65535)),
  addresses: z.array(Address).check(z.minLength(1)),
});
export type Backend = z.infer<typeof Backend>;

export const Route = z.strictObject({
  id: z.string(), // "namespace/ingress#rule.path", for logs and diagnostics
  path: PathMatch,
  backend: z.optional(z.string()), // a key of its host's backends; without one the answer is 404
  policies: PolicySettings,
});
export type Route = z.infer<typeof Route>;

/** All that was compiled for one host. */
export const HostRules = z.strictObject({
  host: z.string(),
  policies: PolicySettings,
  routes: z.array(Route), // where paths are expressions, in the order in which they are tried
  backends: z.record(z.string(), Backend), // by "namespace/service:port"
});
export type HostRules = z.infer<typeof HostRules>;

/** The hosts whose names hash to one shard. */
export const Shard = z.strictObject({ hosts: z.array(HostRules) });
export type Shard = z.infer<typeof Shard>;

/** What an edge reads first: which generation is in force and which shards make it up. */
export const Manifest = z.strictObject({
  format: z.literal(FORMAT),
  generation: z.int().check(z.gte(1)),
  digest: z.string(), // of the rules, hex: the same for the same rules
  publishedAt: z.iso.datetime(),
  zones: z.array(z.string()),
  shards: z.array(z.nullable(z.string())), // digests by shard number; null where no host hashes to it
});
export type Manifest = z.infer<typeof Manifest>;

/** A manifest as it lies in KV: its bytes, and an Ed25519 signature over them, base64. */
export const SignedManifest = z.strictObject({ manifest: z.string(), signature: z.string() });
export type SignedManifest = z.infer<typeof SignedManifest>;

/** What compiling makes: the hosts in order of their names. */
export interface Rules {
  readonly zones: readonly string[];
  readonly hosts: readonly HostRules[];
}
