import { setTimeout as sleep } from "node:timers/promises";
import type { Zone } from "../../cloudflare/dns.ts";
import type { Kv } from "../../cloudflare/kv.ts";
import { type WriteFence, withWriteFence } from "../guard/write-fence.ts";
import type { ManifestVerifier, Signer } from "../sign-manifest.ts";
import {
  EMPTY_REGISTRY,
  HOST_REGISTRY_PREFIX,
  hostRegistryKey,
  parseRegistry,
  type StoredZoneRegistry,
  serializeRegistry,
  type ZoneRegistry,
} from "./registry.ts";

const WRITE_INTERVAL_MS = 1100; // KV allows one write per second to the same key

/** The registries of all zones in KV. */
export interface RegistryStore {
  /** Lists the zones with a registry, visible to the token or not. */
  listZoneIds(): Promise<readonly string[]>;
  /** Rejects if the registry of a zone is unreadable: then nothing of the zone may be changed. */
  read(zoneId: string): Promise<ZoneRegistry>;
  write(zone: Zone, registry: ZoneRegistry, fence: WriteFence): Promise<void>;
  /** Signs registries of an old key with our key. Without this, they are unreadable after a rotation of keys. */
  renewSignatures(fence: WriteFence): Promise<void>;
}

/** Creates the store. It waits between two writes of a zone's key. */
export function createRegistryStore(
  kv: Kv,
  signer: Signer,
  verifier: ManifestVerifier,
  writeIntervalMs: number = WRITE_INTERVAL_MS,
): RegistryStore {
  const writtenAt = new Map<string, number>();
  return {
    listZoneIds: async () => (await kv.list(HOST_REGISTRY_PREFIX)).map((key) => key.slice(HOST_REGISTRY_PREFIX.length)),
    async read(zoneId) {
      const { records, routes, certificates } = (await readRegistry(kv, verifier, zoneId)) ?? EMPTY_REGISTRY;
      return { records, routes, certificates };
    },
    async write(zone, registry, fence) {
      const waitMs = (writtenAt.get(zone.id) ?? Number.NEGATIVE_INFINITY) + writeIntervalMs - performance.now();
      if (waitMs > 0) await sleep(waitMs);
      const value = signer.sign(serializeRegistry(registry, zone, kv.namespaceId));
      await withWriteFence(kv, fence).put([{ key: hostRegistryKey(zone.id), value }]);
      writtenAt.set(zone.id, performance.now());
    },
    renewSignatures: (fence) => renewSignatures(kv, signer, verifier, fence),
  };
}

async function renewSignatures(kv: Kv, signer: Signer, verifier: ManifestVerifier, fence: WriteFence): Promise<void> {
  const values = await kv.getMany(await kv.list(HOST_REGISTRY_PREFIX));
  const entries = [...values].flatMap(([key, value]) => {
    const text = signer.verify(value) === undefined ? verifier.verify(value) : undefined;
    return text === undefined ? [] : [{ key, value: signer.sign(text) }];
  });
  if (entries.length > 0) await withWriteFence(kv, fence).put(entries);
}

/** Reads the registries of all zones. Rejects if one is unreadable. */
export async function readHostRegistries(kv: Kv, verifier: ManifestVerifier): Promise<readonly StoredZoneRegistry[]> {
  const keys = await kv.list(HOST_REGISTRY_PREFIX);
  const registries = await Promise.all(
    keys.map((key) => readRegistry(kv, verifier, key.slice(HOST_REGISTRY_PREFIX.length))),
  );
  return registries.filter((registry) => registry !== undefined);
}

async function readRegistry(kv: Kv, verifier: ManifestVerifier, zoneId: string) {
  const key = hostRegistryKey(zoneId);
  const value = await kv.get(key);
  if (value === undefined) return undefined;
  const registry = parseRegistry(verifier.verify(value), kv.namespaceId);
  if (registry?.zone.id === zoneId) return registry;
  throw new Error(`host registry is unreadable: ${key}. Set EDGRESS_VERIFYING_KEY to its key, or delete the KV key`);
}
