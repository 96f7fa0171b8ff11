import { type AccountOptions, type LocalAccount, startAccount } from "./account/account.ts";
import { createZoneRouting } from "./network/host-routing.ts";
import { type EdgeListeners, startEdgeListeners } from "./network/listeners.ts";
import { type OutboundProxy, startOutboundProxy } from "./network/outbound-proxy.ts";
import { createRequestGate } from "./network/request-gate.ts";
import { isPollLine, LOCAL_STATUS_TOKEN } from "./wait-for-generation.ts";
import { buildBundledScript } from "./worker/bundled-script.ts";
import { buildDeployedScript } from "./worker/deployed-script.ts";
import type { EdgeScript } from "./worker/edge-script.ts";
import { openWorkerStorage } from "./worker/worker-storage.ts";
import { EDGE_WORKER_NAME, STORAGE_WORKER_NAME, startWorkerd } from "./worker/workerd.ts";

export interface LocalCloudflareOptions {
  /** 0 picks a free port. */
  httpPort: number;
  httpsPort: number;
  /** Port of the account's API; a free port if not set. */
  accountPort?: number;
  /** The account's zones; "." matches every domain. */
  zones: readonly string[];
  /** The Worker's entry file, or the name of the script that answers requests once it is deployed to the account. */
  worker: string | { readonly deployed: string };
  variables: Readonly<Record<string, string>>;
  /**
   * Script name of the Worker. If set, the Worker runs only for a host with a proxied record, and with a route to the
   * script. If not set, it runs for every host.
   */
  routedScript?: string;
  /** Further settings of the account. */
  account?: Partial<Omit<AccountOptions, "zones" | "storage" | "port">>;
  /** Every line that the Worker logs, except for the access lines of `readGeneration`. */
  log: (line: string) => void;
  /** Whether only loopback addresses and forwarded addresses are reachable. */
  loopbackOnly?: boolean;
  /** Class names by binding. */
  durableObjects?: Readonly<Record<string, string>>;
  /** Names of the datasets of Analytics Engine by binding. A deployed script has its own. */
  datasets?: Readonly<Record<string, string>>;
  /** Whether origins may have addresses that Cloudflare rejects, such as 127.0.0.1. */
  acceptsAnyAddress?: boolean;
  /** Whether `account.setEdgeReadMode` can make the edge's KV reads fail. */
  edgeFaults?: boolean;
  /** Ends the start early. */
  signal?: AbortSignal;
}

export interface LocalCloudflare
  extends Pick<OutboundProxy, "forward" | "forwardOthers">,
    Omit<EdgeListeners, "close"> {
  /** The Worker's socket behind the listeners. It accepts absolute URLs, as a proxy does. */
  readonly worker: URL;
  readonly account: LocalAccount;
  /** Restarts the isolates, which Cloudflare may do at any time. Stored and cached data stays. */
  restartWorker(): Promise<void>;
  /** Closes the open connections too. */
  close(): Promise<void>;
}

/**
 * Starts the local Cloudflare: an account, the Worker in workerd, a proxy for its fetches, and the edge's listeners.
 */
export async function startLocalCloudflare(options: LocalCloudflareOptions): Promise<LocalCloudflare> {
  const { worker, loopbackOnly = false, log, zones } = options;
  const gate = createRequestGate();
  const cleanups: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const cleanUp of cleanups.splice(0).reverse()) await cleanUp();
  };
  try {
    const account = await startAccount({
      ...options.account,
      ...(typeof worker === "string" && options.routedScript !== undefined && { bundledScript: options.routedScript }),
      port: options.accountPort ?? 0,
      zones,
      storage: () => openWorkerStorage(miniflare, STORAGE_WORKER_NAME),
      acceptsAnyAddress: options.acceptsAnyAddress ?? false,
      onScriptChange: async (name, script) => {
        if (isServed(worker, name)) await gate.closeDuring(() => run(buildDeployedScript(script)));
      },
    });
    cleanups.push(account.close);
    const outboundProxy = await startOutboundProxy({ dnsZones: account, loopbackOnly });
    cleanups.push(outboundProxy.close);
    options.signal?.throwIfAborted();
    const { miniflare, restart, run } = await startWorkerd({
      script: await buildScript(options, account.namespaceId),
      writeDataPoint: account.datasets.write,
      outboundProxyPort: outboundProxy.port,
      log: (line) => {
        if (!isPollLine(line)) log(line);
      },
    });
    cleanups.push(() => miniflare.dispose());
    options.signal?.throwIfAborted();
    const workerUrl = await miniflare.unsafeGetDirectURL(EDGE_WORKER_NAME);
    const listeners = await startEdgeListeners({
      httpPort: options.httpPort,
      httpsPort: options.httpsPort,
      worker: workerUrl,
      gate,
      outboundProxyPort: outboundProxy.port,
      ...buildRouting(account, options),
    });
    cleanups.push(listeners.close);
    const { forward, forwardOthers } = outboundProxy;
    return { ...listeners, worker: workerUrl, account, forward, forwardOthers, restartWorker: restart, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Returns the routing by zones, if it is requested. */
function buildRouting({ routeRequest }: LocalAccount, { routedScript }: LocalCloudflareOptions) {
  return routedScript === undefined ? {} : { routing: createZoneRouting(routeRequest, routedScript) };
}

/** Whether the edge runs this script of the account. */
function isServed(worker: LocalCloudflareOptions["worker"], script: string): boolean {
  return typeof worker === "object" && worker.deployed === script;
}

async function buildScript(options: LocalCloudflareOptions, namespaceId: string): Promise<EdgeScript> {
  const { worker, variables, durableObjects = {}, datasets = {}, edgeFaults = false } = options;
  if (typeof worker === "object") return buildDeployedScript(undefined);
  const ownVariables = { EDGRESS_KV_NAMESPACE_ID: namespaceId, EDGRESS_STATUS_TOKEN: LOCAL_STATUS_TOKEN };
  return buildBundledScript({
    worker,
    variables: { ...ownVariables, ...variables },
    durableObjects,
    datasets,
    edgeFaults,
  });
}
