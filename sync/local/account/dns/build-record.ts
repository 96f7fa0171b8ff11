import { type ErrorReply, isErrorReply } from "../api-types.ts";
import { PLAN_LIMITS, type PlanLimits } from "../zones/zone-plans.ts";
import { dnsErrors } from "./dns-errors.ts";
import { canonicalizeContent, findProxyProblem, RECORD_TYPES } from "./record-content.ts";
import type { LocalRecord, RecordRules } from "./record-model.ts";
import { canonicalizeRecordName } from "./record-names.ts";

/** The fields of a record in a request. */
export type RecordFields = Readonly<Record<string, unknown>>;

/** Returns the record of a request with the id `id`, as the API returns it, or the reason why the API rejects it. */
export function buildLocalRecord(fields: RecordFields, id: string, rules: RecordRules): LocalRecord | ErrorReply {
  const { name: nameText, type, proxied = false, priority } = fields;
  const limits = PLAN_LIMITS[rules.zone.plan];
  if (typeof type !== "string" || !RECORD_TYPES.includes(type)) return dnsErrors.invalidField("type");
  const name = typeof nameText === "string" ? canonicalizeRecordName(nameText, rules.zone.name) : undefined;
  if (name === undefined) return dnsErrors.invalidName();
  if (typeof proxied !== "boolean") return dnsErrors.invalidField("proxied");
  const content = canonicalizeContent(type, fields.content ?? joinData(fields.data));
  if (typeof content !== "string") return content;
  const ttl = readTtl(fields.ttl ?? 1, proxied, limits);
  if (typeof ttl !== "number") return ttl;
  const notes = readNotes(fields.comment, fields.tags, limits);
  if (isErrorReply(notes)) return notes;
  const record = {
    ...{ id, type, name, content, proxied, ttl, ...notes },
    ...(typeof priority === "number" && { priority }),
  };
  return findProxyProblem(record, rules) ?? record;
}

/** Types such as SRV have their content in parts. */
function joinData(data: unknown): string | undefined {
  return typeof data === "object" && data !== null ? Object.values(data).join(" ") : undefined;
}

const MAX_TTL = 86_400;

function readTtl(ttl: unknown, proxied: boolean, { minTtl }: PlanLimits): number | ErrorReply {
  const isValid = typeof ttl === "number" && Number.isInteger(ttl) && (ttl === 1 || (ttl >= minTtl && ttl <= MAX_TTL));
  if (!isValid) return dnsErrors.invalidTtl(minTtl);
  return proxied ? 1 : ttl;
}

type Notes = Pick<LocalRecord, "comment" | "tags">;

function readNotes(comment: unknown, tags: unknown, limits: PlanLimits): Notes | ErrorReply {
  const text = comment ?? "";
  const list = tags ?? [];
  if (typeof text !== "string") return dnsErrors.invalidField("comment");
  if (!Array.isArray(list)) return dnsErrors.invalidField("tags");
  const length = [...text].length;
  if (length > limits.commentLength) return dnsErrors.commentTooLong(length, limits.commentLength);
  if (/[\r\n]/.test(text)) return dnsErrors.commentWithNewline();
  if (list.length > limits.tags) return dnsErrors.tooManyTags(list.length, limits.tags);
  const invalidTag = list.find((tag) => typeof tag !== "string" || !TAG.test(tag));
  if (invalidTag !== undefined) return dnsErrors.invalidTag(String(invalidTag));
  return { tags: list, ...(text !== "" && { comment: text }) };
}

const TAG = /^[\w-]{1,32}(:.{0,100})?$/;
