import type Cloudflare from "cloudflare";
import { type ApiAnswer, readApiAnswer } from "./api-answer.ts";

/** A zone that the token sees. */
export interface ZoneFacts {
  readonly id: string;
  readonly name: string;
  /** `active`, else Cloudflare serves nothing. */
  readonly status: string;
  readonly isPaused: boolean;
  /** `full`, `partial` (CNAME setup) or `secondary`. */
  readonly type: string;
  /** Such as `free` or `pro`. */
  readonly plan: string;
  /** Such as `flexible`, `full` or `strict`. */
  readonly sslMode: ApiAnswer<string>;
  readonly records: ApiAnswer<{ readonly used: number; readonly quota: number | undefined }>;
  readonly routes: ApiAnswer<readonly { readonly pattern: string; readonly script: string | undefined }[]>;
  /** Advanced certificates. The quota is 0 without Advanced Certificate Manager. */
  readonly certificates: ApiAnswer<{ readonly used: number; readonly quota: number }>;
}

/** A zone needs about ten calls, and the API allows 1,200 in 5 minutes. */
const MAX_ZONES = 20;

/** Reads the zones of a request, and counts all that the token sees. */
export async function readZones(
  client: Cloudflare,
  { accountId, zones: names }: { readonly accountId: string; readonly zones: readonly string[] },
): Promise<{ readonly zones: ApiAnswer<readonly ZoneFacts[]>; readonly zoneCount: number }> {
  const listed = await readApiAnswer(() => listZones(client, accountId));
  if (!listed.ok) return { zones: listed, zoneCount: 0 };
  const selected = listed.value.filter(({ name }) => names.length === 0 || names.includes(name)).slice(0, MAX_ZONES);
  const zones: ZoneFacts[] = [];
  for (const zone of selected) zones.push({ ...zone, ...(await readZoneLimits(client, zone.id)) });
  return { zones: { ok: true, value: zones }, zoneCount: listed.value.length };
}

type ListedZone = Pick<ZoneFacts, "id" | "name" | "status" | "isPaused" | "type" | "plan">;

async function listZones(client: Cloudflare, accountId: string): Promise<ListedZone[]> {
  const zones: ListedZone[] = [];
  for await (const zone of client.zones.list({ account: { id: accountId }, per_page: 50 })) {
    const { id, name, status = "unknown", paused = false, type = "full", plan } = zone;
    zones.push({ id, name, status, isPaused: paused, type, plan: plan?.legacy_id ?? "unknown" });
  }
  return zones.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function readZoneLimits(
  client: Cloudflare,
  zoneId: string,
): Promise<Pick<ZoneFacts, "sslMode" | "records" | "routes" | "certificates">> {
  const zone = { zone_id: zoneId };
  return {
    sslMode: await readApiAnswer(async () => {
      const setting = await client.zones.settings.get("ssl", zone);
      return "value" in setting ? String(setting.value) : "unknown";
    }),
    records: await readApiAnswer(async () => {
      const { record_usage, record_quota } = await client.dns.usage.zone.get(zone);
      return { used: record_usage, quota: record_quota ?? undefined };
    }),
    routes: await readApiAnswer(async () => {
      const { result } = await client.workers.routes.list(zone);
      return result.map(({ pattern, script }) => ({ pattern, script: script || undefined }));
    }),
    certificates: await readApiAnswer(async () => {
      const { advanced } = await client.ssl.certificatePacks.quota.get(zone);
      return { used: advanced?.used ?? 0, quota: advanced?.allocated ?? 0 };
    }),
  };
}
