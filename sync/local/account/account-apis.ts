import type { WorkerStorage } from "../worker/worker-storage.ts";
import { createAnalyticsApi } from "./analytics/analytics-api.ts";
import { createDatasetStore } from "./analytics/data-points.ts";
import { deriveId } from "./api-types.ts";
import { createDnsApi, type RecordLimits } from "./dns/dns-api.ts";
import type { FaultPlan } from "./fault-injection.ts";
import { createKvApi } from "./kv/kv-api.ts";
import type { PlanSetting } from "./plans.ts";
import { createTokenStore, type TokenOptions } from "./tokens/token-store.ts";
import { createTokensApi } from "./tokens/tokens-api.ts";
import type { ScriptListener } from "./workers/script-store.ts";
import { createWorkersApi } from "./workers/workers-api.ts";

/** The settings of the account that its API families read. */
export interface LocalAccountSettings extends Partial<RecordLimits> {
  zones: readonly string[];
  /** Called at each use, because the storage starts later than the account. */
  storage: () => WorkerStorage;
  /** Tokens; one that may do everything if not set. */
  tokens?: readonly TokenOptions[];
  /** Plan of the zones; `pro` if not set. */
  plan?: PlanSetting;
  /** Plan of Workers, KV and Analytics Engine; `paid` if not set. */
  workersPlan?: "free" | "paid";
  /** Called before a script changes. */
  onScriptChange?: ScriptListener;
  /** Returns milliseconds since 1970. */
  now?: () => number;
}

const PAID_RECORD_QUOTA = 3500;
const DEFAULT_TOKEN = "local-token";

export const LOCAL_ACCOUNT_ID = deriveId("account");
/** The KV namespace of the local account. */
export const LOCAL_NAMESPACE_ID = deriveId("rules");

/** Creates the API families of the account, and the state that other parts of the local Cloudflare read. */
export function createAccountApis(settings: LocalAccountSettings, faults: () => FaultPlan) {
  const {
    zones,
    storage,
    recordQuota = PAID_RECORD_QUOTA,
    rejectedAddresses = [],
    acceptsAnyAddress = false,
    now = Date.now,
  } = settings;
  const tokens = createTokenStore(settings.tokens ?? [{ value: DEFAULT_TOKEN }]);
  const { api: dnsApi, records } = createDnsApi(zones, LOCAL_ACCOUNT_ID, {
    recordQuota,
    rejectedAddresses,
    acceptsAnyAddress,
  });
  const { api: workersApi, scripts } = createWorkersApi({
    accountId: LOCAL_ACCOUNT_ID,
    isFreePlan: () => settings.workersPlan === "free",
    hasKvNamespace: (id) => id === LOCAL_NAMESPACE_ID,
    now: () => new Date(now()),
    ...(settings.onScriptChange && { onScriptChange: settings.onScriptChange }),
  });
  const datasets = createDatasetStore();
  const apis = [
    createTokensApi(LOCAL_ACCOUNT_ID, tokens),
    createKvApi(LOCAL_ACCOUNT_ID, LOCAL_NAMESPACE_ID, storage, faults),
    dnsApi,
    workersApi,
    createAnalyticsApi(LOCAL_ACCOUNT_ID, datasets, now),
  ];
  return { apis, tokens, records, scripts, datasets };
}
