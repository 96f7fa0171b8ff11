import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { errorMessage } from "../../../src/rules/error-message.ts";
import { listen } from "../../net/listen.ts";
import type { EdgeReadMode, WorkerStorage } from "../worker/worker-storage.ts";
import { createAnalyticsApi } from "./analytics/analytics-api.ts";
import { createDatasetStore, type DatasetStore } from "./analytics/data-points.ts";
import { type ApiCall, type ApiReply, deriveId, type LocalApi } from "./api-types.ts";
import { createCertificatesApi } from "./certificates/certificates-api.ts";
import { createDnsApi, type LocalRecord, normalizeRecordName, type RecordLimits } from "./dns-api.ts";
import { buildErrorBody, createFaultPlan, type FaultPlan, injectFault } from "./fault-injection.ts";
import { createKvApi } from "./kv-api.ts";
import type { RouteStore } from "./routes/route-store.ts";
import type { ScriptListener, ScriptStore } from "./workers/script-store.ts";
import { createWorkersApi } from "./workers/workers-api.ts";
import type { LocalPlan } from "./zones/zone-plans.ts";
import type { ZoneStore } from "./zones/zone-store.ts";
import { createZonesApi } from "./zones/zones-api.ts";

export type { RecordLimits } from "./dns-api.ts";

/** A Cloudflare account on this machine, with the same API. */
export interface LocalAccount {
  readonly baseURL: string;
  readonly token: string;
  readonly accountId: string;
  readonly namespaceId: string;
  readonly zones: readonly string[];
  readonly zoneIds: readonly string[];
  faults: FaultPlan;
  /** Every request so far, including those that got a fault. */
  readonly requests: { method: string; path: string }[];
  /** Returns the DNS records of a zone. */
  records(zone: string): readonly LocalRecord[];
  /** The Workers of the account. */
  readonly scripts: ScriptStore;
  /** The zones, with their plan, status and settings. */
  readonly zoneStore: ZoneStore;
  /** The Workers routes of the zones. */
  readonly routes: RouteStore;
  /** The datasets of Analytics Engine. */
  readonly datasets: DatasetStore;
  /** Sets the mode of the edge's KV reads. Requires `edgeFaults`. */
  setEdgeReadMode(mode: EdgeReadMode): Promise<void>;
  close(): Promise<void>;
}

export interface AccountOptions extends Partial<RecordLimits> {
  /** 0 picks a free port. */
  port?: number;
  zones: readonly string[];
  /** The plan of every zone; "pro" if not set. */
  plan?: LocalPlan;
  /** Whether the zones have Advanced Certificate Manager. */
  advancedCertificates?: boolean;
  /** Milliseconds until an ordered certificate is active. */
  certificateIssueMs?: number;
  /** Called at each use, because the storage starts later than the account. */
  storage: () => WorkerStorage;
  /** Called before a script changes. */
  onScriptChange?: ScriptListener;
}

const PAID_RECORD_QUOTA = 3500;

const TOKEN = "local-token";
const ACCOUNT_ID = deriveId("account");
/** The KV namespace of the local account. */
export const LOCAL_NAMESPACE_ID = deriveId("rules");

/** Starts the API of the local account on 127.0.0.1. */
export async function startAccount(options: AccountOptions): Promise<LocalAccount> {
  const { port: requestedPort = 0, zones, storage } = options;
  const requests: { method: string; path: string }[] = [];
  const state = { faults: createFaultPlan() };
  const { apis, ...parts } = createApis(options, () => state.faults);

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const call = parseCall(request, await buffer(request));
    if (!call) return sendReply(response, 400, JSON.stringify(buildErrorBody(7003, "Could not route to the path")));
    requests.push({ method: call.method, path: call.line.slice(call.method.length + 1) });
    if (injectFault(state.faults, call.line, response)) return;
    const { status, text } = await buildHttpReply(call, request.headers.authorization, apis);
    sendReply(response, status, text);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy()); // the client disconnected
  });
  const { port, close } = await listen(server, requestedPort);
  return {
    baseURL: `http://127.0.0.1:${port}/client/v4`,
    token: TOKEN,
    accountId: ACCOUNT_ID,
    namespaceId: LOCAL_NAMESPACE_ID,
    zones,
    zoneIds: zones.map(deriveId),
    get faults() {
      return state.faults;
    },
    set faults(faults) {
      state.faults = faults;
    },
    requests,
    ...parts,
    setEdgeReadMode: (mode) => storage().setEdgeReadMode(mode),
    close,
  };
}

/** Creates the API families of the account, and what other parts of the local Cloudflare read of them. */
function createApis(options: AccountOptions, faults: () => FaultPlan) {
  const {
    zones,
    storage,
    recordQuota = PAID_RECORD_QUOTA,
    rejectedAddresses = [],
    acceptsAnyAddress = false,
  } = options;
  const { api: dnsApi, records } = createDnsApi(zones, ACCOUNT_ID, {
    recordQuota,
    rejectedAddresses,
    acceptsAnyAddress,
  });
  const { api: workersApi, scripts } = createWorkersApi({
    accountId: ACCOUNT_ID,
    isFreePlan: () => false,
    hasKvNamespace: (id) => id === LOCAL_NAMESPACE_ID,
    ...(options.onScriptChange && { onScriptChange: options.onScriptChange }),
  });
  const { api: zonesApi, ...zoneParts } = createZonesApi({
    accountId: ACCOUNT_ID,
    names: zones,
    plan: options.plan ?? "pro",
    hasScript: (script) => scripts.get(script) !== undefined,
  });
  const datasets = createDatasetStore();
  const kvApi = createKvApi(ACCOUNT_ID, LOCAL_NAMESPACE_ID, storage, faults);
  const certificatesApi = createZoneCertificates(zoneParts.zoneStore, records, options);
  const apis = [certificatesApi, zonesApi, kvApi, dnsApi, workersApi, createAnalyticsApi(ACCOUNT_ID, datasets)];
  return { apis, records, scripts, datasets, ...zoneParts };
}

function createZoneCertificates(
  zoneStore: ZoneStore,
  records: (zone: string) => readonly LocalRecord[],
  { advancedCertificates = false, certificateIssueMs = 0 }: AccountOptions,
): LocalApi {
  return createCertificatesApi({
    issueMs: certificateIssueMs,
    findZone(id) {
      const zone = zoneStore.get(id);
      if (!zone) return undefined;
      const proxiedRecords = records(zone.name).filter(({ proxied }) => proxied);
      const proxiedNames = proxiedRecords.map(({ name }) => normalizeRecordName(name));
      return { ...zone, hasAdvancedCertificates: advancedCertificates, proxiedNames };
    },
  });
}

/** Returns undefined if the path is not a part of a URL, or has an invalid escape. */
function parseCall({ url = "/", method = "GET", headers }: IncomingMessage, body: Buffer): ApiCall | undefined {
  if (!URL.canParse(url, "http://account")) return undefined;
  const { pathname, searchParams: query } = new URL(url, "http://account");
  const path = pathname.replace(/^\/client\/v4/, "");
  try {
    const segments = path.split("/").slice(1).map(decodeURIComponent);
    const contentType = headers["content-type"] ?? "";
    return { line: `${method} ${path}`, method, path: segments, query, contentType, headers, body };
  } catch {
    return undefined;
  }
}

async function buildHttpReply(call: ApiCall, authorization: string | undefined, apis: readonly LocalApi[]) {
  const reply = await dispatchCall(call, authorization, apis);
  if ("bytes" in reply) return { status: 200, text: reply.bytes };
  if ("status" in reply)
    return { status: reply.status, text: JSON.stringify(buildErrorBody(reply.code, reply.message)) };
  const { result, resultInfo } = reply;
  const envelope = { success: true, errors: [], messages: [], result, ...(resultInfo && { result_info: resultInfo }) };
  return { status: 200, text: JSON.stringify(envelope) };
}

async function dispatchCall(
  call: ApiCall,
  authorization: string | undefined,
  apis: readonly LocalApi[],
): Promise<ApiReply> {
  if (authorization !== `Bearer ${TOKEN}`) return { status: 403, code: 10000, message: "Authentication error" };
  try {
    for (const api of apis) {
      const reply = await api(call);
      if (reply) return reply;
    }
  } catch (error) {
    return { status: 400, code: 10012, message: errorMessage(error) };
  }
  return { status: 404, code: 7003, message: `Could not route to ${call.path.join("/")}` };
}

function sendReply(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": text.startsWith("{") ? "application/json" : "application/octet-stream",
  });
  response.end(text);
}
