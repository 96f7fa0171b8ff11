import { compareText } from "../../src/rules/compare-text.ts";
import { type HashKey, halfSipHash } from "../../src/rules/half-sip-hash.ts";
import type { PolicySettings } from "../../src/rules/policies/index.ts";
import type { HostRules, Shard } from "../../src/rules/snapshot.ts";
import { formatHostRecord, formatSettingsRecord } from "../../src/rules/storage/shard-text.ts";
import { isSameList } from "../incremental/memo.ts";
import { memoize } from "../incremental/memoize.ts";
import { computeDigest, toCanonicalJson } from "./canonical-json.ts";
import { computeBlobDigest } from "./storage/encode-blobs.ts";

/** Canonical JSON of a host's rules, with keys in place of settings, and its digest. */
export interface SerializedHost {
  readonly text: string;
  readonly digest: string;
  readonly name: string;
  /** The settings that the text refers to, each once. */
  readonly settings: readonly SerializedSettings[];
}

/** Canonical JSON of the policies of a host or route, and the key by which a shard stores it. */
export interface SerializedSettings {
  readonly key: string;
  readonly text: string;
}

/** Hex digits: 128 bits, so that no one can make two settings with one key. */
const SETTINGS_KEY_LENGTH = 32;

export interface SerializedShard {
  readonly text: string; // see shard-text.ts
  readonly digest: string;
  readonly hostCount: number;
}

/** Replaces the tokens in a text with ciphertext. The same function returns the same bytes for the same text. */
export type TokenEncryptor = (text: string) => string;

interface CachedShard extends SerializedShard {
  readonly members: readonly SerializedHost[];
  readonly encryptTokens: TokenEncryptor;
}

// Safe because compiled rules never change.
const serializeHost = memoize((rules: HostRules): SerializedHost => {
  const hostSettings = serializeSettings(rules.policies);
  const routes = rules.routes.map((route) => ({ route, settings: serializeSettings(route.policies) }));
  const text = toCanonicalJson({
    ...rules,
    policies: hostSettings?.key,
    routes: routes.map(({ route, settings }) => ({ ...route, policies: settings?.key })),
  });
  const allSettings = [hostSettings, ...routes.map(({ settings }) => settings)].filter((entry) => entry !== undefined);
  const settings = [...new Map(allSettings.map((entry) => [entry.key, entry])).values()];
  return { text, digest: computeDigest(text), name: rules.host, settings };
});

/** Returns undefined for no policies, which are the most frequent ones. */
export function serializeSettings(policies: PolicySettings): SerializedSettings | undefined {
  return Object.keys(policies).length === 0 ? undefined : serializePolicies(policies);
}

// A published secret is ciphertext. The key of its settings is computed from its token, so it must be remembered.
const publishedKeys = new WeakMap<PolicySettings, string>();

/** Remembers the keys of the settings in a shard, so that published rules are serialized to the same bytes again. */
export function rememberSettingsKeys({ settings }: Shard): void {
  for (const [key, policies] of Object.entries(settings)) publishedKeys.set(policies, key);
}

const serializePolicies = memoize((policies: PolicySettings): SerializedSettings => {
  const text = toCanonicalJson(policies);
  return { key: publishedKeys.get(policies) ?? computeDigest(text).slice(0, SETTINGS_KEY_LENGTH), text };
});

/** The hash of each host, with the same key object. */
const createHashMemo = memoize((key: HashKey) => memoize(({ name }: SerializedHost) => halfSipHash(key, name)));

const cachedShards = new WeakMap<SerializedHost, CachedShard>(); // by a shard's first host

/** Serializes the hosts of a list. The same list has the same result, because a sync needs it several times. */
export const serializeHosts = memoize((hosts: readonly HostRules[]): readonly SerializedHost[] =>
  hosts.map(serializeHost),
);

/** Returns the content of each of `count` shards. A shard without hosts is undefined. */
export function serializeShards(
  hosts: readonly HostRules[],
  count: number,
  hashKey: HashKey,
  encryptTokens: TokenEncryptor = keepTokens,
): (SerializedShard | undefined)[] {
  const members = Array.from({ length: count }, (): SerializedHost[] => []);
  const hashOf = createHashMemo(hashKey);
  for (const host of serializeHosts(hosts)) members[hashOf(host) & (count - 1)]?.push(host);
  return members.map((shardHosts) => {
    const [firstHost] = shardHosts;
    return firstHost && serializeShard(firstHost, shardHosts, encryptTokens);
  });
}

function serializeShard(
  firstHost: SerializedHost,
  members: readonly SerializedHost[],
  encryptTokens: TokenEncryptor,
): SerializedShard {
  const cached = cachedShards.get(firstHost);
  if (cached && cached.encryptTokens === encryptTokens && isSameList(cached.members, members)) return cached;
  const settings = new Map(members.flatMap((host) => host.settings.map(({ key, text }) => [key, text] as const)));
  const records = [
    ...members.map((host) => formatHostRecord(host.name, host.text)),
    ...[...settings].toSorted(([a], [b]) => compareText(a, b)).map(([key, text]) => formatSettingsRecord(key, text)),
  ];
  const text = encryptTokens(records.join(""));
  const serializedShard = { members, encryptTokens, text, digest: computeBlobDigest(text), hostCount: members.length };
  cachedShards.set(firstHost, serializedShard);
  return serializedShard;
}

function keepTokens(text: string): string {
  return text;
}
