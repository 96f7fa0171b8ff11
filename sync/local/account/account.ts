import { createServer } from "node:http";
import { listen } from "../../net/listen.ts";
import type { EdgeReadMode, WorkerStorage } from "../worker/worker-storage.ts";
import { deriveId } from "./api-types.ts";
import { createDnsApi, type LocalRecord, type RecordLimits } from "./dns/dns-api.ts";
import { createFaultPlan, type FaultPlan } from "./fault-injection.ts";
import { createKvApi } from "./kv/kv-api.ts";
import type { PlanSetting } from "./plans.ts";
import { createApiHandler } from "./server/api-handler.ts";
import { createCallBudget, DEFAULT_CALL_LIMIT } from "./server/call-budget.ts";
import { createTokenStore, type TokenOptions, type TokenStore } from "./tokens/token-store.ts";
import { createTokensApi } from "./tokens/tokens-api.ts";
import type { ScriptStore } from "./workers/script-store.ts";
import { createWorkersApi } from "./workers/workers-api.ts";

export type { RecordLimits } from "./dns/dns-api.ts";

/** A Cloudflare account on this machine, with the same API. */
export interface LocalAccount {
  readonly baseURL: string;
  /** A token that may do everything, or the first of the option `tokens`. */
  readonly token: string;
  readonly tokens: TokenStore;
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
  /** Sets the mode of the edge's KV reads. Requires `edgeFaults`. */
  setEdgeReadMode(mode: EdgeReadMode): Promise<void>;
  close(): Promise<void>;
}

export interface AccountOptions extends Partial<RecordLimits> {
  /** 0 picks a free port. */
  port?: number;
  zones: readonly string[];
  /** Called at each use, because the storage starts later than the account. */
  storage: () => WorkerStorage;
  /** Tokens; one that may do everything if not set. */
  tokens?: readonly TokenOptions[];
  /** Plan of the zones; `pro` if not set. */
  plan?: PlanSetting;
  /** Plan of Workers, KV and Analytics Engine; `paid` if not set. */
  workersPlan?: "free" | "paid";
  /** Calls that a token may make in 5 minutes; 1,200 if not set. */
  callLimit?: number;
  /** Milliseconds since 1970. */
  now?: () => number;
}

const PAID_RECORD_QUOTA = 3500;

const DEFAULT_TOKEN = "local-token";
const ACCOUNT_ID = deriveId("account");
/** The KV namespace of the local account. */
export const LOCAL_NAMESPACE_ID = deriveId("rules");

/** Starts the API of the local account on 127.0.0.1. */
export async function startAccount({
  port: requestedPort = 0,
  zones,
  storage,
  recordQuota = PAID_RECORD_QUOTA,
  rejectedAddresses = [],
  acceptsAnyAddress = false,
  tokens: tokenOptions = [{ value: DEFAULT_TOKEN }],
  workersPlan = "paid",
  callLimit = DEFAULT_CALL_LIMIT,
  now = Date.now,
}: AccountOptions): Promise<LocalAccount> {
  const dnsApi = createDnsApi(zones, ACCOUNT_ID, { recordQuota, rejectedAddresses, acceptsAnyAddress });
  const requests: { method: string; path: string }[] = [];
  const state = { faults: createFaultPlan() };
  const tokens = createTokenStore(tokenOptions);
  const workersApi = createWorkersApi({
    accountId: ACCOUNT_ID,
    isFreePlan: () => workersPlan === "free",
    hasKvNamespace: (id) => id === LOCAL_NAMESPACE_ID,
    now: () => new Date(now()),
  });
  const kvApi = createKvApi(ACCOUNT_ID, LOCAL_NAMESPACE_ID, storage, () => state.faults);
  const handler = createApiHandler({
    apis: [createTokensApi(ACCOUNT_ID, tokens), kvApi, dnsApi.api, workersApi.api],
    tokens,
    budget: createCallBudget(callLimit, now),
    faults: () => state.faults,
    findZoneName: (zoneId) => zones.find((zone) => deriveId(zone) === zoneId),
    onRequest: (method, path) => requests.push({ method, path }),
  });
  const { port, close } = await listen(createServer(handler), requestedPort);
  return {
    baseURL: `http://127.0.0.1:${port}/client/v4`,
    token: tokenOptions[0]?.value ?? "",
    tokens,
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
    records: dnsApi.records,
    scripts: workersApi.scripts,
    setEdgeReadMode: (mode) => storage().setEdgeReadMode(mode),
    close,
  };
}
