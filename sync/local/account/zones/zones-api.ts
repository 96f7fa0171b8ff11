import type { ApiCall, ApiReply, LocalApi } from "../api-types.ts";
import { type DnsContext, handleDnsCall, readAccountUsage } from "../dns/dns-api.ts";
import { type AccountDnsSettings, handleDnsSettings } from "../dns/dns-settings.ts";
import type { LocalRecord, RecordLimits } from "../dns/record-model.ts";
import { createRecordStore } from "../dns/record-store.ts";
import { createDomainStore, type DomainStore } from "../routes/domain-store.ts";
import { handleDomainCall } from "../routes/domains-api.ts";
import { type RequestRouting, routeRequest } from "../routes/route-request.ts";
import { createRouteStore, type RouteStore } from "../routes/route-store.ts";
import { handleRouteCall, replaceScriptRoutes } from "../routes/routes-api.ts";
import { canTouchZone, hasPermission } from "../tokens/permissions.ts";
import { paginate } from "./paginate.ts";
import { type LocalPlan, PLAN_LIMITS } from "./zone-plans.ts";
import { handleZoneSettings } from "./zone-settings.ts";
import { createZoneStore, type LocalZone, type ZoneStore } from "./zone-store.ts";

export interface ZonesOptions {
  readonly accountId: string;
  readonly names: readonly string[];
  /** The plan of every zone. */
  readonly plan: LocalPlan;
  readonly limits: RecordLimits;
  /** Whether the account has a script. */
  readonly hasScript: (name: string) => boolean;
}

interface ZonesApi {
  readonly api: LocalApi;
  readonly zoneStore: ZoneStore;
  readonly routes: RouteStore;
  readonly dnsSettings: AccountDnsSettings;
  /** The custom domains of Workers. */
  readonly domains: DomainStore;
  /** Decides what Cloudflare does with a request for a URL. */
  readonly routeRequest: (url: URL) => RequestRouting;
  /** Returns the DNS records of a zone. */
  readonly records: (zone: string) => readonly LocalRecord[];
}

interface ZonesContext extends DnsContext, Omit<ZonesApi, "api" | "records" | "routeRequest"> {
  readonly accountId: string;
}

/** Creates the endpoints of zones, with their settings, DNS records and Workers routes. */
export function createZonesApi({ accountId, names, plan, limits, hasScript }: ZonesOptions): ZonesApi {
  const zoneStore = createZoneStore(names, plan);
  const records = createRecordStore(limits.unseenDeletions ?? 0);
  const routes = createRouteStore(hasScript);
  const dnsSettings: AccountDnsSettings = { enforceDnsOnly: false };
  const domains = createDomainStore({ zoneStore, records, hasScript });
  const context: ZonesContext = { accountId, zoneStore, routes, domains, dnsSettings, records, limits };
  const api: LocalApi = (call) =>
    call.path[0] === "zones" ? handleZonesCall(call, context) : handleAccountCall(call, context);
  const parts = { zoneStore, routes, domains, dnsSettings, records: records.list };
  return { ...parts, api, routeRequest: (url) => routeRequest(url, { ...parts, hasScript }) };
}

function handleAccountCall(call: ApiCall, context: ZonesContext): ApiReply | undefined {
  const [collection, accountId, ...path] = call.path;
  if (collection !== "accounts" || accountId !== context.accountId) return undefined;
  if (`${call.method} ${path.join("/")}` === "GET dns_records/usage") return readAccountUsage(context);
  if (path.join("/") === "dns_settings") return handleDnsSettings(call, context.dnsSettings);
  if (path[0] === "workers" && path[1] === "domains") return handleDomainCall(call, context.domains);
  const [workers, scripts, script = "", routes, ...rest] = path;
  return [call.method, workers, scripts, routes, ...rest].join(" ") === "PUT workers scripts routes"
    ? replaceScriptRoutes(call, script, findVisibleZones(call, context.zoneStore), context.routes)
    : undefined;
}

function handleZonesCall(call: ApiCall, context: ZonesContext): ApiReply | undefined {
  const [, id, collection, subCollection] = call.path;
  if (id === undefined)
    return call.method === "GET"
      ? listZones(call, findVisibleZones(call, context.zoneStore), context.accountId)
      : undefined;
  const zone = context.zoneStore.get(id);
  if (!zone) return { status: 404, code: 7003, message: `Could not route to /zones/${id}` };
  if (collection === "dns_records") return handleDnsCall(call, zone, context);
  return collection === "workers" && subCollection === "routes"
    ? handleRouteCall(call, zone, context.routes)
    : handleZoneCall(call, zone, context);
}

/** Without the permission Zone Read, a token sees no zone, and gets no error. */
function findVisibleZones({ token }: ApiCall, zoneStore: ZoneStore): LocalZone[] {
  return hasPermission(token, "Zone", "Read") ? zoneStore.list().filter(({ name }) => canTouchZone(token, name)) : [];
}

/** Lists the zones that the token may see: `GET /zones`. */
function listZones({ query }: ApiCall, visibleZones: readonly LocalZone[], accountId: string): ApiReply {
  const accountMatches = (query.get("account.id") ?? accountId) === accountId;
  const filters = [
    ...query.getAll("name").map((name) => (zone: LocalZone) => matchesText(zone.name, name.toLowerCase())),
    ...query.getAll("status").map((status) => (zone: LocalZone) => zone.status === status),
    ...query.getAll("type").map((types) => (zone: LocalZone) => types.split(",").includes(zone.type)),
  ];
  const matchingZones = visibleZones.filter((zone) => {
    if (!accountMatches || (zone.type === "internal" && !query.has("type"))) return false;
    if (filters.length === 0) return true;
    return query.get("match") === "any"
      ? filters.some((matches) => matches(zone))
      : filters.every((matches) => matches(zone));
  });
  return paginate(
    matchingZones.map((zone) => formatZone(zone, accountId)),
    query,
    { minSize: 5, maxSize: 50, defaultSize: 20 },
  );
}

/** Responds to a call below `/zones/ID`, except for those of other families. */
function handleZoneCall(call: ApiCall, zone: LocalZone, { accountId, zoneStore }: ZonesContext): ApiReply | undefined {
  const [collection, id, ...rest] = call.path.slice(2);
  if (rest.length > 0) return undefined;
  if (collection === undefined && call.method === "GET") return { result: formatZone(zone, accountId) };
  if (collection === "entitlements" && id === undefined && call.method === "GET")
    return { result: listEntitlements(zone) };
  return collection === "settings" ? handleZoneSettings(call, zone, id, zoneStore) : undefined;
}

/** Matches a text with a filter such as "starts_with:app". */
function matchesText(text: string, filter: string): boolean {
  const [, operator, operand = ""] = /^(\w+):(.*)$/.exec(filter) ?? [];
  switch (operator) {
    case undefined:
      return text === filter;
    case "not_equal":
      return text !== operand;
    case "starts_with":
      return text.startsWith(operand);
    case "ends_with":
      return text.endsWith(operand);
    case "contains":
      return text.includes(operand);
    default:
      return text === operand;
  }
}

function formatZone({ id, name, plan, status, paused, type }: LocalZone, accountId: string): object {
  return {
    id,
    name,
    status,
    paused,
    type,
    development_mode: 0,
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
    original_name_servers: null,
    activated_on: status === "active" ? CREATED_ON : null,
    created_on: CREATED_ON,
    modified_on: CREATED_ON,
    meta: { phishing_detected: false, cdn_only: false, dns_only: false },
    owner: { id: null, type: "organization", name: null },
    account: { id: accountId, name: "local" },
    plan: { id: plan, legacy_id: plan, name: PLAN_LIMITS[plan].name, is_subscribed: true, can_subscribe: false },
  };
}

const CREATED_ON = "2026-01-01T00:00:00.000000Z";

/** The keys of the features are not documented. */
function listEntitlements({ plan, recordQuota }: LocalZone): object[] {
  const limits = PLAN_LIMITS[plan];
  const counts = {
    "dns.records": recordQuota ?? limits.recordQuota,
    "dns.record_comment_length": limits.commentLength,
    "dns.record_tags": limits.tags,
  };
  return Object.entries(counts).map(([key, value], i) => ({
    id: key,
    allocation: { type: "max_count", value },
    feature: { id: i + 1, key, name: key, feature_set: "dns" },
    created_date: "2026-01-01T00:00:00.000000",
    edited_date: "2026-01-01T00:00:00.000000",
    deleted_date: "",
  }));
}
