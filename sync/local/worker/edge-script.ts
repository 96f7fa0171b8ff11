import type { MiniflareOptions } from "miniflare";
import { ANALYTICS_MODULE, buildAnalyticsMain } from "./analytics-module.ts";

type WorkerConfig = NonNullable<Extract<MiniflareOptions, { workers: unknown }>["workers"]>[number]["config"];

/** A binding of a Worker, as workerd gets it. */
export type EdgeBinding = NonNullable<WorkerConfig["env"]>[string];

/** A module of a Worker, as workerd gets it. */
export interface EdgeModule {
  readonly type: "esm" | "cjs" | "text" | "data" | "wasm" | "json";
  readonly contents: string | Uint8Array<ArrayBuffer>;
}

/** The Worker that answers requests: its code and its bindings. */
export interface EdgeScript {
  readonly mainModule: string;
  readonly modules: Readonly<Record<string, EdgeModule>>;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly bindings: Readonly<Record<string, EdgeBinding>>;
  /** Class names of Durable Objects by binding. */
  readonly durableObjects: Readonly<Record<string, string>>;
  /** Names of the datasets of Analytics Engine by binding. */
  readonly datasets: Readonly<Record<string, string>>;
}

/** Returns the modules of a script. One with datasets gets a main module that provides them. */
export function buildModules({ mainModule, modules, datasets }: EdgeScript) {
  if (Object.keys(datasets).length === 0) return { mainModule, modulesRoot: "/", modules: { ...modules } };
  const main: EdgeModule = { type: "esm", contents: buildAnalyticsMain(mainModule) };
  return { mainModule: ANALYTICS_MODULE, modulesRoot: "/", modules: { ...modules, [ANALYTICS_MODULE]: main } };
}
