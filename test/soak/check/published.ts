import { verifyShard } from "../../../src/load/verify.ts";
import { shardKey } from "../../../src/rules/kv-keys.ts";
import type { Candidate, HostRules, Manifest } from "../../../src/rules/snapshot.ts";
import { listDigests } from "../../../src/rules/storage/digest-table.ts";
import type { WorkerStorage } from "../../../sync/local/worker/worker-storage.ts";
import { parseSignedManifest } from "../../../sync/publish/read-published.ts";
import type { Signer } from "../../../sync/publish/sign-manifest.ts";
import {
  readActiveTables,
  readCandidateTables,
  type SideTables,
} from "../../../sync/publish/storage/manifest-blobs.ts";

/** The traces that the rules of a host leave in an answer. */
export interface HostTraces {
  /** Start of the path for the origin: "/v7/h3/". */
  readonly path: string;
  /** The header X-Rules: "v7". */
  readonly header: string;
  readonly service: string;
}

export type SideTraces = ReadonlyMap<string, HostTraces>;

/** A generation as the key `current` had it. */
export interface PublishedGeneration {
  readonly manifest: Manifest;
  readonly candidate: Candidate | undefined;
  readonly publishedAt: number; // Unix ms
  /** When `current` got another generation; undefined while it has this one. */
  supersededAt: number | undefined;
  readonly sides: Promise<{ readonly active: SideTraces; readonly candidate: SideTraces | undefined }>;
}

/** Every generation of the run. */
export interface Published {
  /** Adds a value of the key `current`. */
  add(value: string): void;
  get(generation: number): PublishedGeneration | undefined;
  latest(): PublishedGeneration | undefined;
  /** Generations that `current` had with two contents. */
  readonly reusedGenerations: readonly number[];
}

export function createPublished(
  signer: Signer,
  storage: () => WorkerStorage,
  onGeneration: (generation: PublishedGeneration) => void,
): Published {
  const generations = new Map<number, PublishedGeneration>();
  const reusedGenerations: number[] = [];
  let latest: PublishedGeneration | undefined;
  return {
    reusedGenerations,
    add(value) {
      const manifest = parseSignedManifest(value, signer);
      if (!manifest) throw new Error("the key current has no valid manifest");
      const previous = generations.get(manifest.generation);
      if (previous) {
        if (JSON.stringify(previous.manifest) !== JSON.stringify(manifest)) reusedGenerations.push(manifest.generation);
        return;
      }
      const now = Date.now();
      const sides = readSides(manifest, storage());
      sides.catch(() => undefined); // each check of an answer rejects
      if (latest) latest.supersededAt = now;
      latest = { manifest, candidate: manifest.candidate, publishedAt: now, supersededAt: undefined, sides };
      generations.set(manifest.generation, latest);
      onGeneration(latest);
    },
    get: (generation) => generations.get(generation),
    latest: () => latest,
  };
}

async function readSides(manifest: Manifest, storage: WorkerStorage) {
  const candidate = readCandidateTables(manifest);
  return {
    active: await readTraces(readActiveTables(manifest), storage),
    candidate: candidate && (await readTraces(candidate, storage)),
  };
}

async function readTraces({ shards }: SideTables, storage: WorkerStorage): Promise<SideTraces> {
  const digests = [...new Set(listDigests(shards))];
  const values = await storage.get(digests.map(shardKey));
  const hosts = await Promise.all(digests.map((digest) => verifyShard(values[shardKey(digest)] ?? "", digest)));
  return new Map(hosts.flat().flatMap((rules) => findTraces(rules) ?? []));
}

function findTraces({ host, routes }: HostRules): [[string, HostTraces]] | undefined {
  const route = routes.find(({ id }) => id.endsWith("#0.0"));
  const rewrite = /\/v\d+\/h\d+\//.exec(JSON.stringify(route?.policies.rewrite ?? ""));
  const header = /"(v\d+)"/.exec(JSON.stringify(route?.policies.customHeaders ?? ""));
  const service = /^default\/(svc-\d+):80$/.exec(route?.backend ?? "");
  if (!rewrite || !header || !service) return undefined;
  return [[host, { path: rewrite[0], header: header[1] ?? "", service: service[1] ?? "" }]];
}
