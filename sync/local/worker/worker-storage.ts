import type { Miniflare } from "miniflare";

/** How the edge reads KV. `cached`: the first answer for a key, absence included, is given again and again. */
export type EdgeReadMode = "fresh" | "cached" | "failing" | "hanging";

/** The KV namespace, reached from outside of workerd. Absent keys have no value or null. */
export interface WorkerStorage {
  get(keys: readonly string[]): Promise<Record<string, string | null>>;
  put(entries: readonly { key: string; value: string }[]): Promise<void>;
  remove(keys: readonly string[]): Promise<void>;
  list(prefix: string, limit: number, cursor: string | undefined): Promise<{ keys: string[]; cursor?: string }>;
  setEdgeReadMode(mode: EdgeReadMode): Promise<void>;
}

/** The storage that the Worker STORAGE_WORKER keeps. One request for many keys: thousands are written in a second. */
export function openWorkerStorage(miniflare: Miniflare, worker: string): WorkerStorage {
  // What STORAGE_WORKER answers to each question is written below.
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
    setEdgeReadMode: (edgeReads) => sendCommand({ edgeReads }),
  };
}

/**
 * Keeps the namespace for the API, and is the `RULES` binding itself where the edge's reads are to go wrong: the RPC
 * methods of `Reads` then stand in for the binding's.
 */
export const STORAGE_WORKER_SCRIPT = `
import { WorkerEntrypoint } from "cloudflare:workers";

let edgeReads = "fresh";
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
  cached = new Map();
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
    const name = JSON.stringify([method, ...args]);
    if (!cached.has(name)) cached.set(name, await read());
    return cached.get(name);
  }
  get(...args) { return this.#read("get", args); }
  getWithMetadata(...args) { return this.#read("getWithMetadata", args); }
  list(...args) { return this.#read("list", args); }
}
`;
