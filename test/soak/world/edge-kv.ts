import { Response } from "miniflare";
import { CURRENT_KEY } from "../../../src/rules/kv-keys.ts";
import { createMemoryValues } from "../../../sync/local/account/kv/namespace-storage.ts";
import type { WorkerStorage } from "../../../sync/local/worker/worker-storage.ts";

/** How KV answers the edge. `stale` repeats the first result of a key at every second read, absence included. */
export type EdgeKvMode = "fresh" | "failing" | "hanging" | "slow" | "stale";

/** Workers KV in this process. The account writes to it, and each edge reads from it over HTTP. */
export interface EdgeKv {
  readonly storage: WorkerStorage;
  /** Number of reads of the edges so far. */
  readonly reads: number;
  setMode(mode: EdgeKvMode): void;
  /** Answers a read of an edge. */
  answerEdge(request: { json(): Promise<unknown> }): Promise<Response>;
}

const SLOW_MS = 700;

/** Creates KV. `onCurrent` is called with each value of the key `current`, before any edge can read it. */
export function createEdgeKv(onCurrent: (value: string) => void): EdgeKv {
  const values = createMemoryValues();
  const staleValues = new Map<string, string | null>();
  const state = { mode: "fresh" as EdgeKvMode, release: Promise.withResolvers<void>(), reads: 0 };
  const readStale = async (keys: readonly string[]) => {
    const missing = keys.filter((key) => !staleValues.has(key));
    for (const [key, value] of Object.entries(await values.get(missing))) staleValues.set(key, value);
    return Object.fromEntries(keys.map((key) => [key, staleValues.get(key) ?? null]));
  };
  return {
    storage: {
      ...values,
      async put(entries) {
        const manifest = entries.findLast(({ key }) => key === CURRENT_KEY);
        await values.put(entries);
        if (manifest) onCurrent(manifest.value);
      },
    },
    get reads() {
      return state.reads;
    },
    setMode(mode) {
      state.mode = mode;
      state.release.resolve();
      state.release = Promise.withResolvers();
      staleValues.clear();
      if (mode === "stale") void readStale([CURRENT_KEY]); // a manifest that becomes older
    },
    async answerEdge(request) {
      state.reads += 1;
      const keys = (await request.json()) as string[];
      const { mode, release } = state;
      if (mode === "failing") return new Response("KV GET failed: 500 Internal Server Error", { status: 500 });
      if (mode === "hanging") await release.promise;
      if (mode === "slow")
        await Promise.race([release.promise, new Promise((resolve) => setTimeout(resolve, SLOW_MS))]);
      const isStale = mode === "stale" && state.reads % 2 === 0;
      return Response.json(isStale ? await readStale(keys) : await values.get(keys));
    },
  };
}

/** Name of the binding that reaches `answerEdge`. */
export const EDGE_KV_SERVICE = "SOAK_KV";
/** Name of the class that is the binding RULES. */
export const EDGE_KV_CLASS = "SoakKv";

/** A main module that exports the Worker of `mainModule` and the class that reads KV over HTTP. */
export function buildEdgeKvModule(mainModule: string): string {
  return `
import { WorkerEntrypoint } from "cloudflare:workers";
export * from "./${mainModule}";
export { default } from "./${mainModule}";

export class ${EDGE_KV_CLASS} extends WorkerEntrypoint {
  async get(keys) {
    const list = typeof keys === "string" ? [keys] : keys;
    const response = await this.env.${EDGE_KV_SERVICE}.fetch("http://kv/", { method: "POST", body: JSON.stringify(list) });
    if (!response.ok) throw new Error(await response.text());
    const values = await response.json();
    return typeof keys === "string" ? values[keys] : new Map(list.map((key) => [key, values[key]]));
  }
}
`;
}
