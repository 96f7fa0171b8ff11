import { Log, LogLevel, Miniflare, type MiniflareOptions } from "miniflare";
import { bundleWorker } from "./bundle-worker.ts";
import { STORAGE_WORKER_SCRIPT } from "./worker-storage.ts";

export interface WorkerdOptions {
  /** The entry file of the Worker. */
  worker: string;
  variables: Readonly<Record<string, string>>;
  /** Class names by binding. */
  durableObjects: Readonly<Record<string, string>>;
  /** Whether the edge reads KV through `FaultInjectingKv`. */
  edgeFaults: boolean;
  outboundProxyPort: number;
  log: (line: string) => void;
}

const COMPATIBILITY_DATE = "2026-11-17";
export const EDGE_WORKER_NAME = "edge";
export const STORAGE_WORKER_NAME = "storage";
const OUTBOUND_WORKER_NAME = "outbound";

export interface Workerd {
  readonly miniflare: Miniflare;
  /** Restarts workerd. Stored and cached data stays; memory is lost. */
  restart(): Promise<void>;
}

/** Starts workerd with the Worker, its KV and the proxy for its fetches. */
export async function startWorkerd(options: WorkerdOptions): Promise<Workerd> {
  const miniflareOptions = buildMiniflareOptions(options, await bundleWorker(options.worker));
  const miniflare = preserveSignalHandlers(() => new Miniflare(miniflareOptions));
  try {
    await miniflare.ready;
  } catch (error) {
    await miniflare.dispose().catch(() => {}); // else its server keeps this process alive
    throw error;
  }
  return { miniflare, restart: () => miniflare.setOptions(miniflareOptions) };
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

function buildMiniflareOptions(options: WorkerdOptions, script: string): MiniflareOptions {
  const { variables, durableObjects, edgeFaults, outboundProxyPort, log } = options;
  const kvBinding = { type: "kv", id: "rules" } as const;
  const faultyKvBinding = { type: "worker", worker: STORAGE_WORKER_NAME, exportName: "FaultInjectingKv" } as const;
  const durableObjectEntries = Object.entries(durableObjects);
  return {
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.ERROR),
    handleStructuredLogs: ({ message }) => log(message),
    workers: [
      {
        config: {
          ...buildWorkerConfig(EDGE_WORKER_NAME, script),
          env: {
            RULES: edgeFaults ? faultyKvBinding : kvBinding,
            ...mapValues(Object.entries(variables), (value) => ({ type: "text", value }) as const),
            ...mapValues(
              durableObjectEntries,
              (exportName) => ({ type: "durable-object", worker: EDGE_WORKER_NAME, exportName }) as const,
            ),
          },
          exports: Object.fromEntries(
            durableObjectEntries.map(([, name]) => [name, { type: "durable-object", storage: "sqlite" }]),
          ),
        },
        dev: {
          outboundService: { type: "worker", worker: OUTBOUND_WORKER_NAME },
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, proxy: true }],
          stripCfConnectingIp: false,
        },
      },
      { config: { ...buildWorkerConfig(STORAGE_WORKER_NAME, STORAGE_WORKER_SCRIPT), env: { RULES: kvBinding } } },
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

function mapValues<T>(entries: readonly [string, string][], transform: (value: string) => T): Record<string, T> {
  return Object.fromEntries(entries.map(([name, value]) => [name, transform(value)]));
}
