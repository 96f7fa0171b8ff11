import { Log, LogLevel, Miniflare, type MiniflareOptions, Response } from "miniflare";
import type { DatasetStore } from "../account/analytics/data-points.ts";
import { DATASETS_BINDING, POINTS_BINDING } from "./analytics-module.ts";
import { buildModules, type EdgeBinding, type EdgeScript } from "./edge-script.ts";
import { STORAGE_WORKER_SCRIPT } from "./worker-storage.ts";

export interface WorkerdOptions {
  /** The Worker that answers requests. */
  script: EdgeScript;
  /** Stores a point that the Worker writes to a dataset. */
  writeDataPoint: DatasetStore["write"];
  outboundProxyPort: number;
  log: (line: string) => void;
}

export const COMPATIBILITY_DATE = "2026-11-17";
export const EDGE_WORKER_NAME = "edge";
export const STORAGE_WORKER_NAME = "storage";
const OUTBOUND_WORKER_NAME = "outbound";

export interface Workerd {
  readonly miniflare: Miniflare;
  /** Restarts workerd. Stored and cached data stays; memory is lost. */
  restart(): Promise<void>;
  /** Runs another script in place of the present one. Rejects if it does not start; then the present one runs on. */
  run(script: EdgeScript): Promise<void>;
}

/** Starts workerd with the Worker, its KV and the proxy for its fetches. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const state = { miniflareOptions: buildMiniflareOptions(options) };
  const miniflare = preserveSignalHandlers(() => new Miniflare(state.miniflareOptions));
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose().catch(() => {}); // else its server keeps this process alive
    throw error;
  }
  return {
    miniflare,
    restart: () => miniflare.setOptions(state.miniflareOptions),
    async run(script) {
      const miniflareOptions = buildMiniflareOptions({ ...options, script });
      try {
        await miniflare.setOptions(miniflareOptions);
      } catch (error) {
        await miniflare.setOptions(state.miniflareOptions);
        throw error;
      }
      state.miniflareOptions = miniflareOptions;
    },
  };
}

/**
 * Miniflare's signal handlers end the process without closing anything. Keeps the existing handlers if there are any.
 */
function preserveSignalHandlers<T>(create: () => T): T {
  const handlersBefore = (["SIGINT", "SIGTERM"] as const).map((signal) => [signal, process.listeners(signal)] as const);
  const result = create();
  for (const [signal, handlers] of handlersBefore) {
    const addedHandlers = process.listeners(signal).filter((listener) => !handlers.includes(listener));
    if (handlers.length > 0) for (const listener of addedHandlers) process.off(signal, listener);
  }
  return result;
}

function buildMiniflareOptions({ script, writeDataPoint, outboundProxyPort, log }: WorkerdOptions): MiniflareOptions {
  return {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: ({ message }) => log(message),
    workers: [
      {
        config: buildEdgeConfig(script, writeDataPoint),
        dev: {
          outboundService: { type: "worker", worker: OUTBOUND_WORKER_NAME },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: true }],
          stripCfConnectingIp: false,
        },
      },
      {
        config: {
          ...buildWorkerConfig(STORAGE_WORKER_NAME, STORAGE_WORKER_SCRIPT),
          env: { RULES: { type: "kv", id: "rules" } },
        },
      },
      {
        config: {
          ...buildWorkerConfig(
            OUTBOUND_WORKER_NAME,
            "export default { fetch: (request, env) => env.OUTBOUND.fetch(request) }",
          ),
          env: {
            OUTBOUND: {
              type: "external",
              address: `127.0.0.1:${outboundProxyPort}`,
              http: { style: 1, cfBlobHeader: "X-Cf-Blob" }, // 1: whole URLs, as in requests to a proxy
            },
          },
        },
      },
    ],
  };
}

function buildEdgeConfig(script: EdgeScript, writeDataPoint: WorkerdOptions["writeDataPoint"]) {
  const durableObjects = Object.entries(script.durableObjects);
  return {
    name: EDGE_WORKER_NAME,
    compatibilityDate: script.compatibilityDate,
    compatibilityFlags: [...script.compatibilityFlags],
    manifest: buildModules(script),
    env: {
      ...script.bindings,
      ...mapValues(
        durableObjects,
        (exportName) => ({ type: "durable-object", worker: EDGE_WORKER_NAME, exportName }) as const,
      ),
      ...buildDatasetBindings(script.datasets, writeDataPoint),
    },
    exports: Object.fromEntries(
      durableObjects.map(([, name]) => [name, { type: "durable-object", storage: "sqlite" } as const]),
    ),
  };
}

function buildDatasetBindings(
  datasets: EdgeScript["datasets"],
  writeDataPoint: WorkerdOptions["writeDataPoint"],
): Record<string, EdgeBinding> {
  if (Object.keys(datasets).length === 0) return {};
  const storePoint = async (request: { json(): Promise<unknown> }) => {
    writeDataPoint((await request.json()) as Parameters<DatasetStore["write"]>[0]);
    return new Response(null, { status: 204 });
  };
  return {
    [DATASETS_BINDING]: { type: "json", value: { ...datasets } },
    [POINTS_BINDING]: { type: "fetcher", handler: storePoint },
  };
}

function buildWorkerConfig(name: string, script: string) {
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

/** Returns the values of a record, transformed. */
export function mapValues<T>(entries: readonly [string, string][], transform: (value: string) => T): Record<string, T> {
  return Object.fromEntries(entries.map(([name, value]) => [name, transform(value)]));
}
