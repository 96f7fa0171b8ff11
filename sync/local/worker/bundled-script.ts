import { bundleWorker } from "../../runtime/bundle-worker.ts";
import type { EdgeScript } from "./edge-script.ts";
import { COMPATIBILITY_DATE, STORAGE_WORKER_NAME } from "./workerd.ts";

export interface BundledScriptOptions {
  /** The entry file of the Worker. */
  readonly worker: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Class names by binding. */
  readonly durableObjects: Readonly<Record<string, string>>;
  /** Names of the datasets of Analytics Engine by binding. */
  readonly datasets: Readonly<Record<string, string>>;
  /** Whether the edge reads KV through `FaultInjectingKv`. */
  readonly edgeFaults: boolean;
}

/** Returns the script of an entry file, with the bindings of the local Cloudflare. */
export async function buildBundledScript(options: BundledScriptOptions): Promise<EdgeScript> {
  const { worker, variables, durableObjects, datasets, edgeFaults } = options;
  const rules = edgeFaults
    ? ({ type: "worker", worker: STORAGE_WORKER_NAME, exportName: "FaultInjectingKv" } as const)
    : ({ type: "kv", id: "rules" } as const);
  const texts = Object.entries(variables).map(([name, value]) => [name, { type: "text", value }] as const);
  return {
    mainModule: "index.js",
    modules: { "index.js": { type: "esm", contents: await bundleWorker(worker) } },
    compatibilityDate: COMPATIBILITY_DATE,
    compatibilityFlags: [],
    bindings: { RULES: rules, ...Object.fromEntries(texts) },
    durableObjects,
    datasets,
  };
}
