import { type ApiCall, type ApiReply, isErrorReply } from "../api-types.ts";
import { paginate } from "../zones/paginate.ts";
import { PLAN_LIMITS } from "../zones/zone-plans.ts";
import type { LocalZone } from "../zones/zone-store.ts";
import type { RecordFields } from "./build-record.ts";
import { dnsErrors } from "./dns-errors.ts";
import { findZoneQuota, type RecordOperation, runRecordOperations } from "./record-changes.ts";
import { filterRecords, sortRecords } from "./record-filters.ts";
import type { LocalRecord, RecordLimits, RecordRules } from "./record-model.ts";
import { normalizeRecordName } from "./record-names.ts";
import { formatRecord } from "./record-replies.ts";
import { buildShadowMetadata, findShadowingRecords, listShadowedRecords } from "./record-shadows.ts";
import type { RecordStore } from "./record-store.ts";

export interface DnsContext {
  readonly records: RecordStore;
  readonly limits: RecordLimits;
}

/** Responds to a call at `/zones/ID/dns_records`. */
export function handleDnsCall(call: ApiCall, zone: LocalZone, { records, limits }: DnsContext): ApiReply | undefined {
  const [id = "", ...rest] = call.path.slice(3);
  if (rest.length > 0) return undefined;
  const rules = { ...limits, zone };
  switch (`${call.method} ${["", "batch", "usage"].includes(id) ? id : "ID"}`) {
    case "GET ":
      return listRecords(call, zone, records.list(zone.name));
    case "GET usage":
      return { result: { record_quota: findQuota(rules), record_usage: records.list(zone.name).length } };
    case "POST batch":
      return runBatch(call, records, rules);
    case "POST ":
      return runOperation({ kind: "post", fields: readBody(call) }, call, records, rules);
    case "GET ID":
      return readRecord(id, call, records.list(zone.name), zone);
    case "PATCH ID":
      return runOperation({ kind: "patch", id, fields: readBody(call) }, call, records, rules);
    case "PUT ID":
      return runOperation({ kind: "put", id, fields: readBody(call) }, call, records, rules);
    case "DELETE ID":
      return runOperation({ kind: "delete", id }, call, records, rules);
    default:
      return undefined;
  }
}

/** Shows the quota of the account: `GET /accounts/ID/dns_records/usage`. It is null if the zones have quotas. */
export function readAccountUsage({ records, limits }: DnsContext): ApiReply {
  return { result: { record_quota: limits.accountRecordQuota ?? null, record_usage: records.count() } };
}

function findQuota(rules: RecordRules): number | null {
  return rules.accountRecordQuota === undefined ? findZoneQuota(rules) : null;
}

const PAGE_LIMITS = { minSize: 1, maxSize: 5_000_000, defaultSize: 100 };

function listRecords({ query }: ApiCall, zone: LocalZone, records: readonly LocalRecord[]): ApiReply {
  const shadowing = query.get("shadowing_name");
  const shadowed = query.get("shadowed_by_name");
  if ([shadowing, shadowed].some((name) => name !== null && normalizeRecordName(name) === zone.name))
    return dnsErrors.invalidField("the zone's own name is not accepted");
  const visibleRecords =
    shadowing !== null
      ? findShadowingRecords(normalizeRecordName(shadowing), records, zone.name)
      : shadowed !== null
        ? listShadowedRecords(normalizeRecordName(shadowed), records, zone.name)
        : records;
  const matchingRecords = sortRecords(filterRecords(visibleRecords, query), query);
  const format = createFormat(query, records, zone);
  return paginate(matchingRecords.map(format), query, PAGE_LIMITS);
}

function createFormat(query: URLSearchParams, records: readonly LocalRecord[], zone: LocalZone) {
  return query.get("include_shadow_metadata") === "true"
    ? (record: LocalRecord) => formatRecord(record, buildShadowMetadata(record, records, zone.name))
    : (record: LocalRecord) => formatRecord(record);
}

function readRecord(id: string, { query }: ApiCall, records: readonly LocalRecord[], zone: LocalZone): ApiReply {
  const record = records.find((candidate) => candidate.id === id);
  return record ? { result: createFormat(query, records, zone)(record) } : dnsErrors.recordNotFound();
}

function runOperation(
  operation: RecordOperation,
  { query }: ApiCall,
  records: RecordStore,
  rules: RecordRules,
): ApiReply {
  const results = runRecordOperations([operation], records, rules);
  if (isErrorReply(results)) return results;
  const [record] = results;
  if (!record || operation.kind === "delete") return { result: { id: record?.id } };
  return { result: createFormat(query, records.list(rules.zone.name), rules.zone)(record) };
}

interface Batch {
  readonly deletes?: readonly { readonly id: string }[];
  readonly patches?: readonly (RecordFields & { readonly id: string })[];
  readonly puts?: readonly (RecordFields & { readonly id: string })[];
  readonly posts?: readonly RecordFields[];
}

/** Runs the deletes, patches, puts and posts of a batch in this order. */
function runBatch(call: ApiCall, records: RecordStore, rules: RecordRules): ApiReply {
  const { deletes, patches, puts, posts }: Batch = readBody(call);
  const lists = [
    (deletes ?? []).map(({ id }) => ({ kind: "delete" as const, id })),
    (patches ?? []).map((fields) => ({ kind: "patch" as const, id: fields.id, fields })),
    (puts ?? []).map((fields) => ({ kind: "put" as const, id: fields.id, fields })),
    (posts ?? []).map((fields) => ({ kind: "post" as const, fields })),
  ];
  const operations: RecordOperation[] = lists.flat();
  const limit = PLAN_LIMITS[rules.zone.plan].batchOperations;
  if (operations.length > limit) return dnsErrors.batchTooLarge(limit);
  const results = runRecordOperations(operations, records, rules);
  if (isErrorReply(results)) return results;
  const format = createFormat(call.query, records.list(rules.zone.name), rules.zone);
  const formatKind = (kind: RecordOperation["kind"]) =>
    results.filter((_, i) => operations[i]?.kind === kind).map(format);
  return {
    result: {
      deletes: formatKind("delete"),
      patches: formatKind("patch"),
      puts: formatKind("put"),
      posts: formatKind("post"),
    },
  };
}

function readBody({ body }: ApiCall): RecordFields {
  return JSON.parse(body.toString()) as RecordFields;
}
