import { CURRENT_KEY } from "../../src/rules/kv-keys.ts";
import { type HostRules, Manifest } from "../../src/rules/snapshot.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { publish } from "../../sync/publish/publish.ts";
import { readFixtures, ZONES } from "../support/fixture.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { SIGNER } from "../support/publish/signing.ts";
import { CONDITIONED_HOSTS } from "./inputs/conditioned-hosts.ts";

/** Every sixth host, so that a snapshot is read within milliseconds. */
const SAMPLE_STEP = 6;

/** A snapshot in KV, with hosts of all fixtures, and hosts with conditions. */
export interface PublishedFixtures {
  readonly kv: MemoryKv;
  readonly current: string;
  readonly manifest: Manifest;
  readonly hosts: readonly HostRules[];
  /** Keys and values of shards, and of segments of the host filter. */
  readonly shards: readonly (readonly [digest: string, value: string])[];
  readonly filters: readonly (readonly [digest: string, value: string])[];
}

export async function publishFixtures(): Promise<PublishedFixtures> {
  const kv = new MemoryKv();
  const fixtureHosts = new Map(
    readFixtures().flatMap(({ compiled }) => compiled.rules.hosts.map((host) => [host.host, host])),
  );
  const sample = [...fixtureHosts.values()].filter((_, index) => index % SAMPLE_STEP === 0);
  const byHost = new Map([...sample, ...CONDITIONED_HOSTS].map((host) => [host.host, host]));
  const hosts = [...byHost.values()].toSorted((a, b) => (a.host < b.host ? -1 : 1));
  await publish({ zones: ZONES, hosts }, kv, SIGNER, new Date("2026-03-01T12:00:00Z"));
  const current = kv.values.get(CURRENT_KEY) ?? "";
  const { manifest } = JSON.parse(current) as { manifest: string };
  const listValues = (prefix: string) =>
    [...kv.values].flatMap(([key, value]) =>
      key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [],
    );
  return {
    kv,
    current,
    manifest: Manifest.parse(JSON.parse(manifest)),
    hosts,
    shards: listValues("shard/"),
    filters: listValues("filter/"),
  };
}

/** Signs a manifest with the key that edges verify. */
export function signManifestJson(manifest: unknown): string {
  return SIGNER.sign(toCanonicalJson(manifest as object));
}
