import type Cloudflare from "cloudflare";

/** The plan of a zone, as far as limits depend on it. */
export const ZONE_PLANS = ["free", "pro", "business", "enterprise"] as const;
export type ZonePlan = (typeof ZONE_PLANS)[number];

/** A zone, and whether it serves anything. */
export interface ZoneDetails {
  readonly id: string;
  readonly name: string;
  readonly status: string; // only "active" serves
  readonly isPaused: boolean; // DNS only: no Worker runs
  readonly isPartial: boolean; // its DNS is elsewhere (CNAME setup)
  readonly plan: ZonePlan | undefined; // undefined if the API does not return a known one
}

interface ListedZone {
  readonly id: string;
  readonly name: string;
  readonly status?: string | undefined;
  readonly paused?: boolean | undefined;
  readonly type?: string | undefined;
  readonly plan?: { readonly legacy_id?: string | undefined } | undefined;
}

/**
 * Lists the zones of an account that the token may read. With `zoneIds`, only those: a token for some zones may not be
 * permitted to list them.
 */
export async function listZones(
  client: Cloudflare,
  accountId: string,
  zoneIds: readonly string[] = [],
): Promise<ZoneDetails[]> {
  const zones: ZoneDetails[] = [];
  if (zoneIds.length > 0) {
    for (const zoneId of zoneIds) zones.push(readZone(await client.zones.get({ zone_id: zoneId })));
    return zones;
  }
  for await (const zone of client.zones.list({ account: { id: accountId }, per_page: 50 })) zones.push(readZone(zone));
  return zones;
}

function readZone({ id, name, status, paused, type, plan }: ListedZone): ZoneDetails {
  const isPartial = type === "partial";
  const knownPlan = ZONE_PLANS.find((name) => name === plan?.legacy_id);
  return { id, name, status: status ?? "active", isPaused: paused === true, isPartial, plan: knownPlan };
}
