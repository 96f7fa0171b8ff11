import type { ErrorReply } from "../api-types.ts";
import { dnsErrors } from "./dns-errors.ts";
import { isProxiableType } from "./record-content.ts";
import type { LocalRecord } from "./record-model.ts";

const MAX_SET_LENGTH = 8192;

/** Returns why a record cannot be with the other records of its name. */
export function findConflict(record: LocalRecord, sameName: readonly LocalRecord[]): ErrorReply | undefined {
  const sameType = sameName.filter(({ type }) => type === record.type);
  const copy = sameType.find(({ content }) => content === record.content);
  if (copy) return haveSameSettings(copy, record) ? dnsErrors.identicalExists() : dnsErrors.recordExists();
  const addressTypes = sameName.map(({ type }) => type).filter(isProxiableType);
  if (record.type === "CNAME" && addressTypes.length > 0) return dnsErrors.hostExists();
  if (isProxiableType(record.type) && addressTypes.includes("CNAME")) return dnsErrors.cnameExists();
  if (sameName.some(({ type }) => (type === "NS") !== (record.type === "NS"))) return dnsErrors.nsExists();
  const setLength = [record, ...sameType].reduce((sum, { content }) => sum + content.length, 0);
  return setLength > MAX_SET_LENGTH ? dnsErrors.contentTooLong() : undefined;
}

function haveSameSettings(a: LocalRecord, b: LocalRecord): boolean {
  return a.proxied === b.proxied && a.ttl === b.ttl && a.comment === b.comment;
}
