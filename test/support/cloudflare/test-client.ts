import type Cloudflare from "cloudflare";
import { createApiClient } from "../../../sync/cloudflare/client.ts";
import { createManualClock, type ManualClock } from "./manual-clock.ts";
import { type ScriptedAnswer, type ScriptedRequest, startScriptedApi } from "./scripted-api.ts";

export interface TestApi {
  readonly client: Cloudflare;
  readonly clock: ManualClock;
  readonly requests: readonly ScriptedRequest[];
}

/** Runs `use` with a client of an API that gives these answers. */
export async function withApi(answers: readonly ScriptedAnswer[], use: (api: TestApi) => Promise<void>): Promise<void> {
  const api = await startScriptedApi(answers);
  const clock = createManualClock();
  const timings = { attemptTimeoutMs: 400 };
  const client = createApiClient({ apiToken: "token", baseURL: api.baseURL, clock, timings });
  try {
    await use({ client, clock, requests: api.requests });
  } finally {
    await api.close();
  }
}

export const ACCOUNT = { account_id: "a" };
const NAMESPACE = { ...ACCOUNT, namespace_id: "n" };

export async function putValue(client: Cloudflare): Promise<void> {
  await client.kv.namespaces.values.update("k", { ...NAMESPACE, value: "v" });
}

export function readValue(client: Cloudflare): Promise<Response> {
  return client.kv.namespaces.values.get("k", NAMESPACE);
}

export function postBatch(client: Cloudflare): Promise<unknown> {
  return client.dns.records.batch({ zone_id: "z", deletes: [{ id: "1" }] });
}
