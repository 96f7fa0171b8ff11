import { compareText } from "../../src/rules/compare-text.ts";
import { type HashKey, halfSipHash } from "../../src/rules/half-sip-hash.ts";
import type { PolicySettings } from "../../src/rules/policies/index.ts";
import type { HostRules, Shard } from "../../src/rules/snapshot.ts";
import { formatHostRecord, formatSettingsRecord } from "../../src/rules/storage/shard-text.ts";
import { createListMemo } from "../incremental/list-memo.ts";
import { createMemo, isSameList } from "../incremental/memo.ts";
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

/** A shard without its text, because the texts of all shards take as much memory as those of all hosts. */
export interface SerializedShard {
  readonly digest: string;
  readonly bytes: number; // of the text
  readonly members: readonly SerializedHost[]; // at least one
  /** The text if it has ciphertext: it differs from the members' texts, and may not be encrypted again. */
  readonly encryptedText?: string | undefined;
}

/** Replaces the tokens in a text with ciphertext. The same function returns the same bytes for the same text. */
export type TokenEncryptor = (text: string) => string;

interface CachedShard extends SerializedShard {
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

// Each remembers the last list, so that a change reads only the hosts that changed.
const listSerialized = createListMemo<HostRules, SerializedHost>();
const listDigests = createListMemo<SerializedHost, string>();
const listBytes = createListMemo<SerializedHost, number>();
const listHashes = createListMemo<SerializedHost, number>();
const rememberShards = createMemo<readonly (SerializedShard | undefined)[]>();

const cachedShards = new WeakMap<SerializedHost, CachedShard>(); // by a shard's first host

/** Serializes the hosts of a list. The same list has the same result, because a sync needs it several times. */
export const serializeHosts = memoize((hosts: readonly HostRules[]): readonly SerializedHost[] =>
  listSerialized(hosts, [], serializeHost),
);

/** Returns the digests of hosts, in their order. */
export function listHostDigests(hosts: readonly HostRules[]): readonly string[] {
  return listDigests(serializeHosts(hosts), [], ({ digest }) => digest);
}

/** Returns the length of the texts of hosts and of their settings. Settings of several hosts are added once for each host. */
export function countHostBytes(hosts: readonly HostRules[]): number {
  const sizes = listBytes(serializeHosts(hosts), [], ({ text, settings }) =>
    settings.reduce((sum, entry) => sum + entry.text.length, text.length),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Returns the content of each of `count` shards. A shard without hosts is undefined. */
export function serializeShards(
  hosts: readonly HostRules[],
  count: number,
  hashKey: HashKey,
  encryptTokens: TokenEncryptor = keepTokens,
): readonly (SerializedShard | undefined)[] {
  const serializedHosts = serializeHosts(hosts);
  return rememberShards([serializedHosts, count, hashKey, encryptTokens], () => {
    const members = Array.from({ length: count }, (): SerializedHost[] => []);
    const hashes = listHashes(serializedHosts, [hashKey], ({ name }) => halfSipHash(hashKey, name));
    serializedHosts.forEach((host, index) => void members[(hashes[index] ?? 0) & (count - 1)]?.push(host));
    return members.map((shardHosts) => {
      const [firstHost] = shardHosts;
      return firstHost && serializeShard(firstHost, shardHosts, encryptTokens);
    });
  });
}

/** Returns the text of a shard. See shard-text.ts. */
export function readShardText({ encryptedText, members }: SerializedShard): string {
  return encryptedText ?? joinRecords(members);
}

function serializeShard(
  firstHost: SerializedHost,
  members: readonly SerializedHost[],
  encryptTokens: TokenEncryptor,
): SerializedShard {
  const cached = cachedShards.get(firstHost);
  if (cached && cached.encryptTokens === encryptTokens && isSameList(cached.members, members)) return cached;
  const plainText = joinRecords(members);
  const text = encryptTokens(plainText);
  const serializedShard: CachedShard = {
    members,
    encryptTokens,
    digest: computeBlobDigest(text),
    bytes: Buffer.byteLength(text),
    encryptedText: text === plainText ? undefined : text,
  };
  cachedShards.set(firstHost, serializedShard);
  return serializedShard;
}

function joinRecords(members: readonly SerializedHost[]): string {
  const settings = new Map(members.flatMap((host) => host.settings.map(({ key, text }) => [key, text] as const)));
  return [
    ...members.map((host) => formatHostRecord(host.name, host.text)),
    ...[...settings].toSorted(([a], [b]) => compareText(a, b)).map(([key, text]) => formatSettingsRecord(key, text)),
  ].join("");
}

function keepTokens(text: string): string {
  return text;
}
