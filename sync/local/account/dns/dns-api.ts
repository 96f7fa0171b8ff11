import { randomBytes } from "node:crypto";
import { createIpMatcher } from "../../../../src/rules/addresses.ts";
import { CLOUDFLARE_RANGES } from "../../../../src/rules/cloudflare-ranges.ts";
import { type ApiCall, type ApiReply, deriveId, type LocalApi } from "../api-types.ts";

export interface LocalRecord {
  id: string;
  type: string;
  name: string;
  content: string;
  proxied: boolean;
  ttl: number;
  comment?: string;
}

/** Limits of the DNS records in a zone. */
export interface RecordLimits {
  /** Maximum number of records; that of a paid plan if not set. The Free plan has 200. */
  readonly recordQuota: number;
  /** Addresses that are rejected besides those that Cloudflare always rejects. */
  readonly rejectedAddresses: readonly string[];
  /** Accepts the addresses that Cloudflare rejects, so that origins may be on this machine or in its network. */
  readonly acceptsAnyAddress: boolean;
}

const MAX_BATCH_RECORDS = 200;

/** Addresses that Cloudflare rejects for a proxied record. */
const isRejectedAddress = createIpMatcher([
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"],
  ...["198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4", "::/96", "::ffff:0:0:0/96", "64:ff9b::/96"],
  ...["2001::/32", "2002::/16", "fc00::/7", "fe80::/10", "ff00::/8"],
  ...CLOUDFLARE_RANGES,
]);

/** Creates the zone and DNS endpoints of the API. The records are in memory. */
export function createDnsApi(zones: readonly string[], accountId: string, limits: RecordLimits) {
  const recordsByZone = new Map<string, LocalRecord[]>(zones.map((name) => [name, []]));
  const records = (zone: string): readonly LocalRecord[] => recordsByZone.get(zone) ?? [];
  const handleZoneCall = (zone: string, call: ApiCall): ApiReply | undefined => {
    const [collection, batch] = call.path.slice(2);
    if (collection !== "dns_records") return undefined;
    if (call.method === "GET" && batch === "usage")
      return { result: { record_quota: limits.recordQuota, record_usage: records(zone).length } };
    if (call.method === "GET") return listRecords(call, records(zone));
    if (call.method !== "POST" || batch !== "batch") return undefined;
    const appliedBatch = applyBatch(call, records(zone), limits);
    if ("status" in appliedBatch) return appliedBatch;
    recordsByZone.set(zone, appliedBatch.records);
    return {
      result: { deletes: appliedBatch.deletedRecords, patches: [], puts: [], posts: appliedBatch.createdRecords },
    };
  };
  const api: LocalApi = (call) => {
    const [first, zoneId] = call.path;
    if (first !== "zones") return undefined;
    if (zoneId === undefined) return listZones(call, zones, accountId);
    const zone = zones.find((name) => deriveId(name) === zoneId);
    return zone === undefined
      ? { status: 404, code: 7003, message: "Could not route to the zone" }
      : handleZoneCall(zone, call);
  };
  return { api, records };
}

function listZones({ query }: ApiCall, zones: readonly string[], accountId: string): ApiReply {
  if ((query.get("account.id") ?? accountId) !== accountId) return paginate([], query, 50);
  const name = query.get("name");
  const matchingZones = zones.filter((zone) => name === null || zone === name);
  return paginate(
    matchingZones.map((zone) => ({ id: deriveId(zone), name: zone, status: "active", account: { id: accountId } })),
    query,
    50,
  );
}

function listRecords({ query }: ApiCall, records: readonly LocalRecord[]): ApiReply {
  const filters = [
    ["comment.exact", ({ comment }: LocalRecord) => comment],
    ["name.exact", ({ name }: LocalRecord) => name],
    ["content.exact", ({ content }: LocalRecord) => content],
    ["type", ({ type }: LocalRecord) => type],
  ] as const;
  const activeFilters = filters.filter(([parameter]) => query.has(parameter));
  const matchingRecords = records.filter((record) =>
    activeFilters.every(([parameter, readField]) => readField(record) === query.get(parameter)),
  );
  return paginate(matchingRecords, query, 5_000_000);
}

function paginate(items: readonly object[], query: URLSearchParams, maxPageSize: number): ApiReply {
  const page = Number(query.get("page") ?? 1);
  const size = Math.min(Number(query.get("per_page") ?? 100), maxPageSize);
  const result = items.slice((page - 1) * size, page * size);
  const pages = Math.ceil(items.length / size);
  return {
    result,
    resultInfo: { page, per_page: size, count: result.length, total_count: items.length, total_pages: pages },
  };
}

type AppliedBatch = { records: LocalRecord[]; deletedRecords: LocalRecord[]; createdRecords: LocalRecord[] };

/** Deletes and then creates records in one transaction, as the real API does. */
function applyBatch(
  { body }: ApiCall,
  existingRecords: readonly LocalRecord[],
  limits: RecordLimits,
): AppliedBatch | Extract<ApiReply, { status: number }> {
  const { deletes = [], posts = [] }: { deletes?: { id: string }[]; posts?: Omit<LocalRecord, "id">[] } = JSON.parse(
    body.toString(),
  );
  if (deletes.length + posts.length > MAX_BATCH_RECORDS)
    return buildErrorReply(81062, "Too many operations in the batch");
  const deletedIds = new Set(deletes.map(({ id }) => id));
  const deletedRecords = existingRecords.filter(({ id }) => deletedIds.has(id));
  if (deletedRecords.length < deletedIds.size) return { status: 404, code: 81044, message: "Record does not exist." };
  const records = existingRecords.filter(({ id }) => !deletedIds.has(id));
  const createdRecords = posts.map((post) => ({
    ...post,
    id: randomBytes(16).toString("hex"),
    proxied: post.proxied === true,
  }));
  for (const post of createdRecords) {
    const problem = findAddressProblem(post, limits) ?? findConflict(post, records);
    if (problem) return problem;
    if (records.length >= limits.recordQuota) return buildErrorReply(81045, "Record quota exceeded.");
    records.push(post);
  }
  return { records, deletedRecords, createdRecords };
}

function findAddressProblem(
  { type, content, proxied }: LocalRecord,
  { rejectedAddresses, acceptsAnyAddress }: RecordLimits,
) {
  if (type === "CNAME" || !proxied || acceptsAnyAddress) return undefined;
  const isMapped = /^::ffff:/i.test(content); // matched as IPv4 by the list
  return isMapped || isRejectedAddress(content) || rejectedAddresses.includes(content)
    ? buildErrorReply(9003, `Content for ${type} record is not allowed for a proxied record: ${content}`)
    : undefined;
}

function findConflict(post: LocalRecord, records: readonly LocalRecord[]) {
  const sameNameRecords = records.filter(({ name }) => normalizeRecordName(name) === normalizeRecordName(post.name));
  if (sameNameRecords.some(({ type, content }) => type === post.type && content === post.content)) {
    return buildErrorReply(81058, "An identical record already exists.");
  }
  const addresses = ["A", "AAAA", "CNAME"];
  const hasCnameConflict = sameNameRecords.some(
    ({ type }) => (type === "CNAME" || post.type === "CNAME") && addresses.includes(type),
  );
  return hasCnameConflict
    ? buildErrorReply(81053, "An A, AAAA, or CNAME record with that host already exists.")
    : undefined;
}

function buildErrorReply(code: number, message: string) {
  return { status: 400, code, message };
}

/** Normalizes a name: lower case, without the final dot. */
export function normalizeRecordName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
