import { isProxiableType } from "./record-content.ts";
import type { LocalRecord } from "./record-model.ts";
import type { ShadowMetadata } from "./record-shadows.ts";

/** Returns a record as the API shows it. It has no id or name of the zone. */
export function formatRecord(record: LocalRecord, metadata: ShadowMetadata = {}): object {
  const { id, name, type, content, proxied, ttl, comment, tags, priority, readOnly } = record;
  return {
    id,
    name,
    type,
    content,
    proxiable: isProxiableType(type),
    proxied,
    ttl,
    settings: {},
    meta: { ...(readOnly && { read_only: true }), ...metadata },
    comment: comment ?? null,
    tags,
    ...(priority !== undefined && { priority }),
    created_on: CREATED_ON,
    modified_on: CREATED_ON,
  };
}

const CREATED_ON = "2026-01-01T00:00:00.000000Z";
