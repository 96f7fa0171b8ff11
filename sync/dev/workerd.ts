import { readFile } from "node:fs/promises";
import { Log, LogLevel, Miniflare, type MiniflareOptions } from "miniflare";
import { STORAGE_WORKER } from "./storage.ts";

export interface WorkerdOptions {
  /** The Worker's entry. */
  worker: string;
  variables: Readonly<Record<string, string>>;
  /** Class names by binding. */
  durableObjects: Readonly<Record<string, string>>;
  /** Whether the edge reads KV through what can make its reads go wrong. */
  edgeFaults: boolean;
  internetPort: number;
  log: (line: string) => void;
}

const COMPATIBILITY_DATE = "2026-11-17";
export const EDGE = "edge";
export const STORAGE = "storage";
const INTERNET = "internet";

export interface Workerd {
  readonly miniflare: Miniflare;
  /** Begins anew with what is stored and cached, but with nothing in memory. */
  restart(): Promise<void>;
}

/** Starts workerd with the Worker, its KV, and the local internet behind its fetches. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const settings = optionsOf(options, await bundle(options.worker));
  const miniflare = keepingSignals(() => new Miniflare(settings));
  await miniflare.ready;
  return { miniflare, restart: () => miniflare.setOptions(settings) };
}

/** Miniflare ends the process at a signal, with everything open; where someone listens for it already, that one decides. */
function keepingSignals<T>(make: () => T): T {
  const before = (["SIGINT", "SIGTERM"] as const).map((signal) => [signal, process.listeners(signal)] as const);
  const made = make();
  for (const [signal, listening] of before) {
    const added = process.listeners(signal).filter((listener) => !listening.includes(listener));
    if (listening.length > 0) for (const listener of added) process.off(signal, listener);
  }
  return made;
}

async function bundle(entry: string): Promise<string> {
  if (entry.endsWith(".js")) return readFile(entry, "utf8"); // bundled already
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    alias: { crypto: "node:crypto" }, // as wrangler does
    target: "es2024",
    logLevel: "silent",
  });
  return outputFiles[0]?.text ?? "";
}

function optionsOf(options: WorkerdOptions, script: string): MiniflareOptions {
  const { variables, durableObjects, edgeFaults, internetPort, log } = options;
  const rules = { type: "kv", id: "rules" } as const;
  const reads = { type: "worker", worker: STORAGE, exportName: "Reads" } as const;
  const objects = Object.entries(durableObjects);
  return {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: ({ message }) => log(message),
    workers: [
      {
        config: {
          ...configOf(EDGE, script),
          env: {
            RULES: edgeFaults ? reads : rules,
            ...mapped(Object.entries(variables), (value) => ({ type: "text", value }) as const),
            ...mapped(objects, (exportName) => ({ type: "durable-object", worker: EDGE, exportName }) as const),
          },
          exports: Object.fromEntries(objects.map(([, name]) => [name, { type: "durable-object", storage: "sqlite" }])),
        },
        dev: {
          outboundService: { type: "worker", worker: INTERNET },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: true }],
          stripCfConnectingIp: false,
        },
      },
      { config: { ...configOf(STORAGE, STORAGE_WORKER), env: { RULES: rules } } },
      {
        config: {
          ...configOf(INTERNET, "export default { fetch: (request, env) => env.INTERNET.fetch(request) }"),
          env: {
            INTERNET: {
              type: "external",
              address: `127.0.0.1:${internetPort}`,
              http: { style: 1, cfBlobHeader: "X-Cf-Blob" }, // 1: whole URLs, as a proxy is asked
            },
          },
        },
      },
    ],
  };
}

function configOf(name: string, script: string) {
  return {
    name,
    compatibilityDate: COMPATIBILITY_DATE,
    manifest: {
      mainModule: "index.js",
      modulesRoot: "/",
      modules: { "index.js": { type: "esm", contents: script } },
    },
  } as const;
}

function mapped<T>(entries: readonly [string, string][], change: (value: string) => T): Record<string, T> {
  return Object.fromEntries(entries.map(([name, value]) => [name, change(value)]));
}
