import type { WorkerStorage } from "../worker/worker-storage.ts";
import { createAnalyticsApi } from "./analytics/analytics-api.ts";
import { createDatasetStore } from "./analytics/data-points.ts";
import { deriveId, type LocalApi } from "./api-types.ts";
import { createCertificatesApi } from "./certificates/certificates-api.ts";
import type { LocalRecord, RecordLimits } from "./dns/record-model.ts";
import type { FaultPlan } from "./fault-injection.ts";
import type { KvRules } from "./kv/kv-rules.ts";
import { createLocalKv } from "./kv/local-kv.ts";
import { createTokenStore, type TokenOptions } from "./tokens/token-store.ts";
import { createTokensApi } from "./tokens/tokens-api.ts";
import type { ScriptListener } from "./workers/script-store.ts";
import { createWorkersApi } from "./workers/workers-api.ts";
import type { LocalPlan } from "./zones/zone-plans.ts";
import type { ZoneStore } from "./zones/zone-store.ts";
import { createZonesApi } from "./zones/zones-api.ts";

/** The settings of the account that its API families read. */
export interface LocalAccountSettings extends RecordLimits {
  zones: readonly string[];
  /** Called at each use, because the storage starts later than the account. */
  storage: () => WorkerStorage;
  /** Tokens; one that may do everything if not set. */
  tokens?: readonly TokenOptions[];
  /** Plan of every zone; `pro` if not set. */
  plan?: LocalPlan;
  /** Whether the zones have Advanced Certificate Manager. */
  advancedCertificates?: boolean;
  /** Milliseconds until an ordered certificate is active. */
  certificateIssueMs?: number;
  /** Plan of Workers, KV and Analytics Engine; `paid` if not set. */
  workersPlan?: "free" | "paid";
  /** Titles of the KV namespaces at the start; one if not set. The edge reads the first one. */
  namespaces?: readonly string[];
  /** Rules of KV that cost time; none of them applies if not set. */
  kvRules?: KvRules;
  /** Name of a Worker that was not uploaded, and to which routes may point. */
  bundledScript?: string;
  /** Called before a script changes. */
  onScriptChange?: ScriptListener;
  /** Returns milliseconds since 1970. */
  now?: () => number;
}

const DEFAULT_TOKEN = "local-token";

export const LOCAL_ACCOUNT_ID = deriveId("account");
/** The KV namespace of the local account. */
export const LOCAL_NAMESPACE_ID = deriveId("rules");

/** Creates the API families of the account, and the state that other parts of the local Cloudflare read. */
export function createAccountApis(settings: LocalAccountSettings, faults: () => FaultPlan) {
  const { zones, now = Date.now } = settings;
  const isFreePlan = () => settings.workersPlan === "free";
  const tokens = createTokenStore(settings.tokens ?? [{ value: DEFAULT_TOKEN }]);
  const { api: kvApi, kv } = createLocalKv({
    accountId: LOCAL_ACCOUNT_ID,
    titles: settings.namespaces,
    rules: settings.kvRules,
    edgeNamespaceId: LOCAL_NAMESPACE_ID,
    edgeValues: settings.storage,
    faults,
    isFreePlan,
    now,
  });
  const { api: workersApi, scripts } = createWorkersApi({
    accountId: LOCAL_ACCOUNT_ID,
    isFreePlan,
    hasKvNamespace: (id) => kv.namespaces.get(id) !== undefined,
    now: () => new Date(now()),
    ...(settings.onScriptChange && { onScriptChange: settings.onScriptChange }),
  });
  const { api: zonesApi, ...zoneParts } = createZonesApi({
    accountId: LOCAL_ACCOUNT_ID,
    names: zones,
    plan: settings.plan ?? "pro",
    limits: settings,
    hasScript: (script) => script === settings.bundledScript || scripts.get(script) !== undefined,
  });
  const datasets = createDatasetStore();
  const certificatesApi = createZoneCertificates(zoneParts.zoneStore, zoneParts.records, settings);
  const tokensApi = createTokensApi(LOCAL_ACCOUNT_ID, tokens);
  const analyticsApi = createAnalyticsApi(LOCAL_ACCOUNT_ID, datasets, now);
  const apis = [tokensApi, certificatesApi, zonesApi, kvApi, workersApi, analyticsApi];
  return { apis, parts: { tokens, kv, scripts, datasets, ...zoneParts } };
}

function createZoneCertificates(
  zoneStore: ZoneStore,
  records: (zone: string) => readonly LocalRecord[],
  { advancedCertificates = false, certificateIssueMs = 0, now = Date.now }: LocalAccountSettings,
): LocalApi {
  return createCertificatesApi({
    issueMs: certificateIssueMs,
    now,
    findZone(id) {
      const zone = zoneStore.get(id);
      if (!zone) return undefined;
      const proxiedRecords = records(zone.name).filter(({ proxied }) => proxied);
      const proxiedNames = proxiedRecords.map(({ name }) => name);
      return { ...zone, hasAdvancedCertificates: advancedCertificates, proxiedNames };
    },
  });
}
