import type { Miniflare } from "miniflare";

/** The mode of the edge's KV reads. `cached` repeats the first result of a key, absence included. */
export type EdgeReadMode = "fresh" | "cached" | "failing" | "hanging";

/** The cache of the edge's location in the mode `cached`. Each location has its own. */
export interface EdgeCache {
  /** The location that answers from now on. */
  readonly location?: string;
  /** Milliseconds until a result is read again; never if not set. */
  readonly stalenessMs?: number;
  /** Milliseconds that the clock of the caches is ahead. */
  readonly clockOffsetMs?: number;
}

/** Access to the KV namespace from outside workerd. Absent keys have no value or null. */
export interface WorkerStorage {
  get(keys: readonly string[]): Promise<Record<string, string | null>>;
  put(entries: readonly { key: string; value: string }[]): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
  list(prefix: string, limit: number, cursor: string | undefined): Promise<{ keys: string[]; cursor?: string }>;
  /** Sets the mode. Empties the caches, unless `cache` is set. */
  setEdgeReadMode(mode: EdgeReadMode, cache?: EdgeCache): Promise<void>;
}

/** Opens the storage in the Worker STORAGE_WORKER. Sends many keys in one request, because a sync writes thousands. */
export function openWorkerStorage(miniflare: Miniflare, worker: string): WorkerStorage {
  // STORAGE_WORKER, below, defines the response of each command.
  const sendCommand = async <T>(command: object): Promise<T> => {
    const { fetch } = await miniflare.getWorker(worker);
    const response = await fetch("http://storage/", { method: "POST", body: JSON.stringify(command) });
    if (!response.ok) throw new Error(await response.text());
    return (await response.json()) as T;
  };
  return {
    get: (get) => sendCommand({ get }),
    put: (put) => sendCommand({ put }),
    remove: (remove) => sendCommand({ remove }),
    list: (prefix, limit, cursor) => sendCommand({ list: { prefix, limit, cursor } }),
    setEdgeReadMode: (edgeReads, cache) => sendCommand({ edgeReads, cache }),
  };
}

/**
 * Stores the namespace for the API. With `edgeFaults`, it is also the `RULES` binding: its RPC methods replace the
 * binding's.
 */
export const STORAGE_WORKER_SCRIPT = `
import { WorkerEntrypoint } from "cloudflare:workers";

let edgeReads = "fresh";
let edgeCache = {};
let cached = new Map();

async function inTurns(items, act) {
  for (let i = 0; i < items.length; i += 500) await Promise.all(items.slice(i, i + 500).map(act));
  return {};
}

async function answer(question, kv) {
  if (question.get) {
    const values = {};
    await inTurns(question.get, async (key) => { values[key] = await kv.get(key); });
    return values;
  }
  if (question.put) return inTurns(question.put, ({ key, value }) => kv.put(key, value));
  if (question.remove) return inTurns(question.remove, (key) => kv.delete(key));
  if (question.list) {
    const { keys, cursor } = await kv.list(question.list);
    return { keys: keys.map(({ name }) => name), cursor };
  }
  edgeReads = question.edgeReads;
  edgeCache = question.cache ?? {};
  if (!question.cache) cached = new Map();
  return {};
}

export default {
  async fetch(request, env) {
    try {
      return Response.json(await answer(await request.json(), env.RULES));
    } catch (error) {
      return new Response(error.message, { status: 400 });
    }
  },
};

export class FaultInjectingKv extends WorkerEntrypoint {
  async #read(method, args) {
    if (edgeReads === "failing") throw new Error("KV GET failed: 500 Internal Server Error");
    if (edgeReads === "hanging") await scheduler.wait(60_000);
    const read = () => this.env.RULES[method](...args);
    if (edgeReads === "fresh") return read();
    const { location = "", stalenessMs = Infinity, clockOffsetMs = 0 } = edgeCache;
    const name = JSON.stringify([location, method, ...args]);
    const now = Date.now() + clockOffsetMs;
    const entry = cached.get(name);
    if (entry && now - entry.readAt < stalenessMs) return entry.result;
    const result = await read();
    cached.set(name, { result, readAt: now });
    return result;
  }
  get(...args) { return this.#read("get", args); }
  getWithMetadata(...args) { return this.#read("getWithMetadata", args); }
  list(...args) { return this.#read("list", args); }
}
`;
