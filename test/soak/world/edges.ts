import type { LocalAccount } from "../../../sync/local/account/account.ts";
import { type EdgeListeners, startEdgeListeners } from "../../../sync/local/network/listeners.ts";
import { type OutboundProxy, startOutboundProxy } from "../../../sync/local/network/outbound-proxy.ts";
import { createRequestGate } from "../../../sync/local/network/request-gate.ts";
import { buildBundledScript } from "../../../sync/local/worker/bundled-script.ts";
import type { EdgeScript } from "../../../sync/local/worker/edge-script.ts";
import { EDGE_WORKER_NAME, startWorkerd, type Workerd } from "../../../sync/local/worker/workerd.ts";
import { findWorkerBundle } from "../../support/worker/worker-bundle.ts";
import { buildEdgeKvModule, EDGE_KV_CLASS, EDGE_KV_SERVICE, type EdgeKv } from "./edge-kv.ts";

/** Receives a line that an edge logged. `isolate` names the edge and its start. */
export type EdgeLog = (line: string, isolate: string) => void;

/**
 * The Worker in two workerd processes, of which one gets new requests. Cloudflare's front end keeps the connections of
 * clients while a Worker is deployed: requests in progress end in the old isolate, and new ones begin in a new isolate.
 * So the listeners choose the process for each request, and no request may fail.
 */
export interface SoakEdges extends Pick<EdgeListeners, "http" | "https">, Pick<OutboundProxy, "forward"> {
  /** Sends new requests to the other process, whose isolate is new. */
  switchIsolate(): void;
  /** Restarts the process that gets no new requests. Call it when its requests have ended. */
  restartIdle(): Promise<void>;
  close(): Promise<void>;
}

interface EdgeProcess {
  readonly workerd: Workerd;
  readonly url: URL;
  starts: number;
}

const MAIN_MODULE = "soak-main.js";

export async function startSoakEdges(
  account: LocalAccount,
  kv: EdgeKv,
  variables: Readonly<Record<string, string>>,
  log: EdgeLog,
): Promise<SoakEdges> {
  const outboundProxy = await startOutboundProxy({ dnsZones: account, loopbackOnly: true });
  const script = await buildSoakScript(account, kv, variables);
  const start = (name: string) => startEdgeProcess(name, script, account, outboundProxy.port, log);
  const processes = [await start("a"), await start("b")] as const;
  let active = 0;
  const listeners = await startEdgeListeners({
    httpPort: 0,
    httpsPort: 0,
    gate: createRequestGate(),
    outboundProxyPort: outboundProxy.port,
    get worker() {
      return processes[active === 0 ? 0 : 1].url;
    },
  });
  return {
    http: listeners.http,
    https: listeners.https,
    forward: outboundProxy.forward,
    switchIsolate() {
      active = 1 - active;
    },
    async restartIdle() {
      const idle = processes[active === 0 ? 1 : 0];
      idle.starts += 1;
      await idle.workerd.restart();
    },
    async close() {
      await listeners.close();
      for (const { workerd } of processes) await workerd.miniflare.dispose();
      await outboundProxy.close();
    },
  };
}

async function startEdgeProcess(
  name: string,
  script: EdgeScript,
  account: LocalAccount,
  outboundProxyPort: number,
  log: EdgeLog,
): Promise<EdgeProcess> {
  const state = { starts: 1 };
  const workerd = await startWorkerd({
    script,
    writeDataPoint: account.datasets.write,
    outboundProxyPort,
    log: (line) => log(line, `${name}${state.starts}`),
  });
  return Object.assign(state, { workerd, url: await workerd.miniflare.unsafeGetDirectURL(EDGE_WORKER_NAME) });
}

/** Builds the Worker with KV of this process in place of workerd's own. */
async function buildSoakScript(
  account: LocalAccount,
  kv: EdgeKv,
  variables: Readonly<Record<string, string>>,
): Promise<EdgeScript> {
  const script = await buildBundledScript({
    worker: await findWorkerBundle(),
    variables: { EDGRESS_KV_NAMESPACE_ID: account.namespaceId, ...variables },
    durableObjects: { LIMITER: "Limiter", FLOOR: "GenerationFloor" },
    datasets: { ANALYTICS: "edgress" },
    edgeFaults: false,
  });
  return {
    ...script,
    mainModule: MAIN_MODULE,
    modules: { ...script.modules, [MAIN_MODULE]: { type: "esm", contents: buildEdgeKvModule(script.mainModule) } },
    bindings: {
      ...script.bindings,
      RULES: { type: "worker", worker: EDGE_WORKER_NAME, exportName: EDGE_KV_CLASS },
      [EDGE_KV_SERVICE]: { type: "fetcher", handler: kv.answerEdge },
    },
  };
}
