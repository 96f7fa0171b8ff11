import { CURRENT_KEY, FILTER_PREFIX, GENERATION_PREFIX, SHARD_PREFIX } from "../../../src/rules/kv-keys.ts";
import type { Kv, KvEntry } from "../../cloudflare/kv.ts";
import type { Account } from "../account.ts";
import { NO_FIGURES, type PublicationFigures } from "./figures.ts";

/** Keys of one bulk read, so that each read-back shows as progress. */
const READ_KEYS = 100;
const BLOB_PREFIXES = [SHARD_PREFIX, FILTER_PREFIX, "state/"];

/** The manifest under `current`, as this process has seen and written it. */
export interface ManifestProgress {
  /** The last value that was read; undefined without one. */
  readonly activeBytes: string | undefined;
  readonly wasRead: boolean;
  /** The generation that is being published; undefined until its manifest is written. */
  readonly generation: number | undefined;
  readonly state: "unwritten" | "unknown" | "published";
}

/** Counts the changes of an account. */
export interface ChangeCounter {
  figures(): PublicationFigures;
  manifest(): ManifestProgress;
  /** Returns the same account, whose changes are counted. */
  count(account: Account): Account;
  /** Counts nothing from now on. */
  end(): void;
}

/** Creates the counter of one publication. */
export function createChangeCounter(): ChangeCounter {
  let figures = NO_FIGURES;
  let manifest: ManifestProgress = {
    activeBytes: undefined,
    wasRead: false,
    generation: undefined,
    state: "unwritten",
  };
  let hasEnded = false;
  const add = (change: Partial<PublicationFigures>) => {
    if (!hasEnded) figures = addFigures(figures, change);
  };
  const update = (change: Partial<ManifestProgress>) => {
    manifest = { ...manifest, ...change };
  };
  return {
    figures: () => figures,
    manifest: () => manifest,
    count: (account) => ({
      ...account,
      kv: countKv(account.kv, add, update, () => hasEnded),
      dns: countCalls(account.dns, { applyChange: (...[, change]) => add({ records: countRecords(change) }) }),
      hostRecords: countCalls(account.hostRecords, {
        applyChange: (...[, change]) => add({ hostChanges: countRecords(change) }),
      }),
      routes: countCalls(account.routes, {
        create: () => add({ hostChanges: 1 }),
        remove: () => add({ hostChanges: 1 }),
      }),
      certificates: countCalls(account.certificates, {
        upload: () => add({ hostChanges: 1 }),
        replace: () => add({ hostChanges: 1 }),
        remove: () => add({ hostChanges: 1 }),
      }),
    }),
    end() {
      hasEnded = true;
    },
  };
}

function countKv(
  kv: Kv,
  add: (change: Partial<PublicationFigures>) => void,
  update: (change: Partial<ManifestProgress>) => void,
  hasEnded: () => boolean,
): Kv {
  const unreadBlobs = new Map<string, string>(); // written, and not yet read back
  let writtenBytes: string | undefined; // under `current`
  const startManifest = ({ key, value }: KvEntry) => {
    if (key !== CURRENT_KEY) return update({ generation: Number(key.slice(GENERATION_PREFIX.length)) });
    writtenBytes = value;
    update({ state: "unknown" });
  };
  const finishManifest = ({ key }: KvEntry) => {
    if (key === CURRENT_KEY) update({ state: "published" });
    add({ manifests: 1 });
  };
  return {
    namespaceId: kv.namespaceId,
    writeIntervalMs: kv.writeIntervalMs,
    async get(key) {
      const value = await kv.get(key);
      if (key === CURRENT_KEY && writtenBytes !== undefined && value === writtenBytes) update({ state: "published" });
      else if (key === CURRENT_KEY) update({ activeBytes: value, wasRead: true });
      return value;
    },
    async getMany(keys) {
      if (hasEnded() || unreadBlobs.size === 0) return kv.getMany(keys);
      const values = new Map<string, string>();
      for (let start = 0; start < keys.length; start += READ_KEYS) {
        const batch = await kv.getMany(keys.slice(start, start + READ_KEYS));
        const readBack = [...batch].filter(([key, value]) => unreadBlobs.get(key) === value);
        for (const [key] of readBack) unreadBlobs.delete(key);
        add({ readBackBlobs: readBack.length });
        for (const [key, value] of batch) values.set(key, value);
      }
      return values;
    },
    list: (prefix) => kv.list(prefix),
    listMetadata: (prefix) => kv.listMetadata(prefix),
    async put(entries, mode) {
      const blobs = hasEnded() ? [] : entries.filter(isBlob);
      const [manifestEntry] = entries.filter(isManifest);
      add({ blobs: blobs.length });
      if (manifestEntry) startManifest(manifestEntry);
      await kv.put(entries, mode);
      if (manifestEntry) finishManifest(manifestEntry);
      for (const { key, value } of blobs) unreadBlobs.set(key, value);
      add({ writtenBlobs: blobs.length, writtenBytes: blobs.reduce((sum, { value }) => sum + value.length, 0) });
    },
    remove: (keys) => kv.remove(keys),
  };
}

function isBlob({ key }: KvEntry): boolean {
  return BLOB_PREFIXES.some((prefix) => key.startsWith(prefix));
}

function isManifest({ key }: KvEntry): boolean {
  return key === CURRENT_KEY || key.startsWith(GENERATION_PREFIX);
}

type AnyCall = (...parameters: never[]) => Promise<unknown>;
type Counters<T> = {
  readonly [Name in keyof T]?: T[Name] extends (...parameters: infer P) => unknown ? (...parameters: P) => void : never;
};

/** Returns the same calls with a counter after each that succeeds. */
function countCalls<T extends object>(calls: T, counters: Counters<T>): T {
  const entries = Object.entries(counters).map(([name, counter]) => {
    const call = calls[name as keyof T] as AnyCall;
    const counted = async (...parameters: never[]) => {
      const result = await call(...parameters);
      (counter as (...parameters: never[]) => void)(...parameters);
      return result;
    };
    return [name, counted];
  });
  return { ...calls, ...Object.fromEntries(entries) };
}

function countRecords({ add, remove }: { readonly add: readonly unknown[]; readonly remove: readonly unknown[] }) {
  return add.length + remove.length;
}

function addFigures(figures: PublicationFigures, change: Partial<PublicationFigures>): PublicationFigures {
  const entries = Object.entries(figures).map(([name, count]) => [
    name,
    count + (change[name as keyof PublicationFigures] ?? 0),
  ]);
  return Object.fromEntries(entries) as unknown as PublicationFigures;
}
