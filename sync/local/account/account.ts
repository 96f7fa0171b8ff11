import { createServer } from "node:http";
import { listen } from "../../net/listen.ts";
import type { EdgeCache, EdgeReadMode } from "../worker/worker-storage.ts";
import { createAccountApis, LOCAL_ACCOUNT_ID, LOCAL_NAMESPACE_ID, type LocalAccountSettings } from "./account-apis.ts";
import type { DatasetStore } from "./analytics/data-points.ts";
import { deriveId } from "./api-types.ts";
import type { AccountDnsSettings } from "./dns/dns-settings.ts";
import type { LocalRecord } from "./dns/record-model.ts";
import { createFaultPlan, type FaultPlan } from "./fault-injection.ts";
import type { LocalKv } from "./kv/local-kv.ts";
import type { DomainStore } from "./routes/domain-store.ts";
import type { RequestRouting } from "./routes/route-request.ts";
import type { RouteStore } from "./routes/route-store.ts";
import { createApiHandler } from "./server/api-handler.ts";
import { createCallBudget, DEFAULT_CALL_LIMIT } from "./server/call-budget.ts";
import type { TokenStore } from "./tokens/token-store.ts";
import type { ScriptStore } from "./workers/script-store.ts";
import type { ZoneStore } from "./zones/zone-store.ts";

export type { RecordLimits } from "./dns/record-model.ts";

/** A Cloudflare account on this machine, with the same API. */
export interface LocalAccount {
  readonly baseURL: string;
  /** A token that may do everything, or the first of the option `tokens`. */
  readonly token: string;
  readonly tokens: TokenStore;
  readonly kv: LocalKv;
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
  /** DNS settings of the account. */
  readonly dnsSettings: AccountDnsSettings;
  /** Decides what Cloudflare does with a request for a URL. */
  readonly routeRequest: (url: URL) => RequestRouting;
  /** The Workers routes of the zones. */
  readonly routes: RouteStore;
  /** The custom domains of Workers. */
  readonly domains: DomainStore;
  /** The datasets of Analytics Engine. */
  readonly datasets: DatasetStore;
  /** Sets the mode of the edge's KV reads, and empties its caches unless `cache` is set. Requires `edgeFaults`. */
  setEdgeReadMode(mode: EdgeReadMode, cache?: EdgeCache): Promise<void>;
  close(): Promise<void>;
}

export interface AccountOptions extends LocalAccountSettings {
  /** 0 picks a free port. */
  port?: number;
  /** Calls that a token may make in 5 minutes; 1,200 if not set. */
  callLimit?: number;
}

/** Starts the API of the local account on 127.0.0.1. */
export async function startAccount(options: AccountOptions): Promise<LocalAccount> {
  const { port: requestedPort = 0, zones, storage, callLimit = DEFAULT_CALL_LIMIT, now = Date.now } = options;
  const requests: { method: string; path: string }[] = [];
  const state = { faults: createFaultPlan() };
  const { apis, parts } = createAccountApis(options, () => state.faults);
  const handler = createApiHandler({
    apis,
    tokens: parts.tokens,
    budget: createCallBudget(callLimit, now),
    faults: () => state.faults,
    findZoneName: (zoneId) => parts.zoneStore.get(zoneId)?.name,
    onRequest: (method, path) => requests.push({ method, path }),
  });
  const { port, close } = await listen(createServer(handler), requestedPort);
  return {
    baseURL: `http://127.0.0.1:${port}/client/v4`,
    token: parts.tokens.first().value,
    accountId: LOCAL_ACCOUNT_ID,
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
    setEdgeReadMode: (mode, cache) => storage().setEdgeReadMode(mode, cache),
    close,
  };
}
