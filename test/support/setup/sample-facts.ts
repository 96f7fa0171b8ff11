import type { ApiAnswer } from "../../../sync/setup/api-answer.ts";
import type { AccountFacts, WorkerFacts } from "../../../sync/setup/facts.ts";
import { createSettings, type SetupSettings } from "../../../sync/setup/settings.ts";
import type { ZoneFacts } from "../../../sync/setup/zone-facts.ts";

export const BUILD = "0.1.0+0123456789ab";
export const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";
export const NAMESPACE_ID = "fedcba9876543210fedcba9876543210";

export function answer<T>(value: T): ApiAnswer<T> {
  return { ok: true, value };
}

/** A zone in which every check succeeds. */
export const GOOD_ZONE: ZoneFacts = {
  id: "z1",
  name: "example.com",
  status: "active",
  isPaused: false,
  type: "full",
  plan: "pro",
  sslMode: answer("strict"),
  records: answer({ used: 3, quota: 3500 }),
  routes: answer([]),
  certificates: answer({ used: 0, quota: 0 }),
};

/** An account in which every check succeeds, and nothing is set up. */
export const EMPTY_ACCOUNT: AccountFacts = {
  token: answer({ owner: "account", status: "active", expiresOn: undefined }),
  permissions: [],
  zones: answer([GOOD_ZONE]),
  zoneCount: 1,
  enforcesDnsOnly: answer(false),
  loginsOnAllWorkers: answer([]),
  namespaces: answer([]),
  worker: answer(undefined),
};

/** Settings of an environment with a KV namespace. */
export function buildSettings(changes: Partial<SetupSettings> = {}): SetupSettings {
  return { ...createSettings(ACCOUNT_ID, "edgress"), namespaceId: NAMESPACE_ID, ...changes };
}

/** A Worker as `edgress init` deploys it, with the verifying keys and secrets. */
export function buildWorker(
  verifyingKey: string,
  secrets: readonly string[] = ["EDGRESS_DECRYPTION_KEY", "EDGRESS_STATUS_TOKEN"],
): WorkerFacts {
  return {
    bindings: [
      { type: "kv_namespace", name: "RULES", value: NAMESPACE_ID },
      { type: "durable_object_namespace", name: "FLOOR", value: "GenerationFloor" },
      { type: "durable_object_namespace", name: "LIMITER", value: "Limiter" },
      { type: "plain_text", name: "EDGRESS_BUILD", value: BUILD },
      { type: "plain_text", name: "EDGRESS_KV_NAMESPACE_ID", value: NAMESPACE_ID },
      { type: "plain_text", name: "EDGRESS_VERIFYING_KEY", value: verifyingKey },
      ...secrets.map((name) => ({ type: "secret_text", name, value: undefined })),
    ],
    compatibilityDate: "2026-11-17",
    exposure: answer({ isEnabled: false, hasPreviews: false }),
    shares: answer([100]),
  };
}
