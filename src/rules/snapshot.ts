import * as z from "zod/mini";
import { PolicySettings } from "./policies/index.ts";

/** The snapshot format. Increment it if an older edge would misread a newer snapshot. */
export const FORMAT = 4;

/** Bytes of a signed manifest, because each isolate reads the whole of it at its start. An edge rejects a larger one. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

/** How the path of a route matches. Paths are as written, and compared as byte strings. */
export const PathMatch = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("exact"), path: z.string() }),
  z.strictObject({ type: z.literal("prefix"), path: z.string() }),
  // A JavaScript regex over byte strings. It is anchored at its start and ignores case.
  // A path over `maxBytes` is not matched but rejected, because the regex would take too long. 4 KiB if undefined.
  z.strictObject({ type: z.literal("regex"), pattern: z.string(), maxBytes: z.optional(z.int()) }),
  // The same, but it respects case. The compiler writes it so that it matches the whole path.
  z.strictObject({ type: z.literal("full-regex"), pattern: z.string(), maxBytes: z.optional(z.int()) }),
]);
export type PathMatch = z.infer<typeof PathMatch>;

/**
 * A header or query parameter that a request must have. Values are compared as byte strings, with case. The compiler writes
 * a regex so that it matches the whole value. A value over `maxBytes` is not matched but rejected, as for paths.
 */
export const ValueCondition = z.union([
  z.strictObject({ name: z.string(), value: z.string() }),
  z.strictObject({ name: z.string(), pattern: z.string(), maxBytes: z.optional(z.int()) }),
]);
export type ValueCondition = z.infer<typeof ValueCondition>;

/** What a request must have besides the path. All conditions must hold. */
export const RouteConditions = z.strictObject({
  scheme: z.optional(z.enum(["http", "https"])),
  method: z.optional(z.string()), // in upper case
  headers: z.optional(z.array(ValueCondition)), // names in lower case; a repeated header is one value, joined by ", "
  query: z.optional(z.array(ValueCondition)), // the first value of a repeated parameter counts
});
export type RouteConditions = z.infer<typeof RouteConditions>;

/** An address of a backend. The edge connects to the DNS record that the controller creates for it. */
export const Address = z.strictObject({
  address: z.string(), // for logs: "203.0.113.10"
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
  when: z.optional(RouteConditions),
  backend: z.optional(z.string()), // a key of its host's backends; 404 if undefined
  policies: PolicySettings,
});
export type Route = z.infer<typeof Route>;

/** The compiled rules of one host. */
export const HostRules = z.strictObject({
  host: z.string(),
  policies: PolicySettings,
  routes: z.array(Route), // in the order of matching, if paths are regexes or routes have conditions
  backends: z.record(z.string(), Backend), // by "namespace/service:port"
});
export type HostRules = z.infer<typeof HostRules>;

/** A host in a shard. Its policies, and those of its routes, are keys of the shard's settings; none if undefined. */
const StoredHost = z.strictObject({
  host: z.string(),
  policies: z.optional(z.string()),
  routes: z.array(z.extend(Route, { policies: z.optional(z.string()) })),
  backends: z.record(z.string(), Backend),
});

/** The hosts whose names hash to one shard. Equal settings are stored once. Its text is in storage/shard-text.ts. */
export const Shard = z.strictObject({ settings: z.record(z.string(), PolicySettings), hosts: z.array(StoredHost) });
export type Shard = z.infer<typeof Shard>;

/** Returns the hosts of a shard with their policies. Throws if a key of the settings does not exist. */
export function expandShard({ settings, hosts }: Shard): HostRules[] {
  const findSettings = (key: string | undefined): PolicySettings => {
    if (key === undefined) return {};
    if (!Object.hasOwn(settings, key)) throw new Error(`the shard has no settings ${key}`);
    return settings[key] ?? {};
  };
  return hosts.map((host) => ({
    ...host,
    policies: findSettings(host.policies),
    routes: host.routes.map((route) => ({ ...route, policies: findSettings(route.policies) })),
  }));
}

/** The process that published a generation. Texts are for people, and no rule depends on them. */
export const ManifestAuthor = z.strictObject({
  command: z.optional(z.string()), // "sync", "publish", "rollback"
  cluster: z.optional(z.string()), // its UID
  pod: z.optional(z.string()),
  commit: z.optional(z.string()),
});
export type ManifestAuthor = z.infer<typeof ManifestAuthor>;

/** The size of a generation. Bytes are those of its shards, not compressed. */
export const ManifestCounts = z.strictObject({ hosts: z.int(), routes: z.int(), ingresses: z.int(), bytes: z.int() });
export type ManifestCounts = z.infer<typeof ManifestCounts>;

/** The pin of a rollback: the controller publishes nothing until it is resumed. */
export const Rollback = z.strictObject({
  of: z.int().check(z.gte(1)), // the generation whose rules are published again
  at: z.iso.datetime(),
  by: z.string(),
});
export type Rollback = z.infer<typeof Rollback>;

const Share = z.number().check(z.gte(0), z.lte(100));

/** The candidate of a staged roll-out: rules that a share of clients gets instead of the active ones. */
export const Candidate = z.strictObject({
  digest: z.string(), // of its rules, hex
  counts: ManifestCounts,
  hostFilter: z.string(), // base64; its segments that differ from the active ones
  wildcardFilter: z.string(), // base64
  deepWildcardLabels: z.optional(z.int()), // as in the manifest
  shards: z.string(), // base64; its shards that differ from the active ones
  share: Share, // percent of clients
  stages: z.array(Share), // all shares of the roll-out, in their order
  startedAt: z.iso.datetime(),
  stageStartedAt: z.iso.datetime(),
});
export type Candidate = z.infer<typeof Candidate>;

/** The candidate that was aborted last. The controller does not stage the same rules again. */
export const AbortedCandidate = z.strictObject({
  digest: z.string(),
  at: z.iso.datetime(),
  by: z.string(),
  reason: z.string(),
});
export type AbortedCandidate = z.infer<typeof AbortedCandidate>;

/** The addresses that failed their health checks: their records, by backend ("namespace/service:port"). */
export const UnhealthyRecords = z.record(z.string(), z.array(z.string()));
export type UnhealthyRecords = z.infer<typeof UnhealthyRecords>;

/** The entry point of a snapshot: its generation and the digests of its blobs. Their tables are in storage/digest-table.ts. */
export const Manifest = z.strictObject({
  format: z.literal(FORMAT),
  kvNamespaceId: z.string(), // the namespace it was published to, so that it is invalid in another one
  generation: z.int().check(z.gte(1)),
  digest: z.string(), // of the rules, hex; equal rules have equal digests
  publishedAt: z.iso.datetime(),
  author: ManifestAuthor,
  counts: ManifestCounts,
  rollback: z.optional(Rollback),
  candidate: z.optional(Candidate),
  aborted: z.optional(AbortedCandidate),
  zones: z.array(z.string()),
  unhealthy: z.optional(UnhealthyRecords),
  hashKey: z.tuple([z.uint32(), z.uint32()]), // of the hash that places hosts in shards and in the filter
  hostFilter: z.string(), // base64; table of the filter's segments
  wildcardFilter: z.string(), // base64; the filter of the names that begin with "*", so that most requests read no wildcard
  deepWildcardLabels: z.optional(z.int()), // labels of the longest x in the names "**.x"; undefined without any
  shards: z.string(), // base64; table of the shards
});
export type Manifest = z.infer<typeof Manifest>;

/** A manifest as stored in KV: its bytes, and their Ed25519 signature in base64. */
export const SignedManifest = z.strictObject({ manifest: z.string(), signature: z.string() });
export type SignedManifest = z.infer<typeof SignedManifest>;

/** The result of compiling: the hosts, sorted by name. */
export interface Rules {
  readonly zones: readonly string[];
  readonly hosts: readonly HostRules[];
}
