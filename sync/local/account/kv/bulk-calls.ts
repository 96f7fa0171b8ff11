import * as z from "zod/mini";
import { type ApiCall, type ApiReply, type ErrorReply, isErrorReply } from "../api-types.ts";
import { failKeys } from "./bulk-faults.ts";
import type { KvCall, KvContext } from "./kv-context.ts";
import { checkWrite, findKeyProblem, type KvValue, type KvWrite } from "./kv-entry.ts";
import { kvErrors } from "./kv-errors.ts";
import { readValues } from "./value-calls.ts";

// https://developers.cloudflare.com/kv/platform/limits/
const MAX_READ_KEYS = 100;
const MAX_BULK_KEYS = 10_000;
const MAX_BODY_BYTES = 100_000_000;

const BulkPair = z.object({
  key: z.string(),
  value: z.string(),
  base64: z.optional(z.boolean()),
  metadata: z.optional(z.unknown()),
  expiration: z.optional(z.number()),
  expiration_ttl: z.optional(z.number()),
});
const BulkGet = z.object({
  keys: z.array(z.string()),
  type: z.optional(z.enum(["text", "json"])),
  withMetadata: z.optional(z.boolean()),
});

/** `POST bulk/get`. Absent keys have the value null. */
export const bulkGet: KvCall = async (call, _key, context) => {
  const request = parseBody(call, BulkGet);
  if (isErrorReply(request)) return request;
  const { keys, type, withMetadata } = request;
  if (keys.length === 0) return kvErrors.noKeys();
  if (keys.length > MAX_READ_KEYS) return kvErrors.invalidRequest(`bulk get: 'more than ${MAX_READ_KEYS} keys'`);
  const entries = await readValues(keys, context);
  const formatEntry = (entry: KvValue | undefined) => {
    if (!entry) return null;
    const value = type === "json" ? JSON.parse(entry.value.toString()) : entry.value.toString();
    return withMetadata ? { value, metadata: entry.metadata ?? null } : value;
  };
  return { result: { values: Object.fromEntries([...entries].map(([key, entry]) => [key, formatEntry(entry)])) } };
};

/** `PUT bulk`. */
export const bulkPut: KvCall = async (call, _key, context) => {
  const pairs = parseList(call, BulkPair);
  if (isErrorReply(pairs)) return pairs;
  const entries: KvWrite[] = [];
  for (const { key, value, base64, metadata, expiration, expiration_ttl: expirationTtl } of pairs) {
    const bytes = Buffer.from(value, base64 ? "base64" : "utf8");
    const entry = checkWrite({ key, value: bytes, metadata, expiration, expirationTtl }, context.now());
    if (isErrorReply(entry)) return entry;
    entries.push(entry);
  }
  return changeKeys(call, "writes", entries, ({ key }) => key, context.namespace.storage.put, context);
};

/** `POST bulk/delete`. Succeeds for keys that do not exist. */
export const bulkDelete: KvCall = (call, _key, context) => {
  const keys = parseList(call, z.string());
  if (isErrorReply(keys)) return keys;
  const problem = keys.map(findKeyProblem).find((found) => found !== undefined);
  return problem ?? changeKeys(call, "removals", keys, (key) => key, context.namespace.storage.remove, context);
};

/** Changes the keys of a batch, except those that a fault leaves out. */
async function changeKeys<T>(
  { line }: ApiCall,
  kind: "writes" | "removals",
  items: readonly T[],
  getKey: (item: T) => string,
  change: (items: readonly T[]) => Promise<void>,
  { namespace, limits, faults }: KvContext,
): Promise<ApiReply> {
  const keys = items.map(getKey);
  if (new Set(keys).size < keys.length) return kvErrors.invalidRequest("bulk: 'a key is there twice'");
  const problem = limits.count(kind, namespace.id, keys);
  if (problem) return problem;
  const failedKeys = failKeys(faults(), line, keys);
  const changedItems = items.filter((item) => !failedKeys.has(getKey(item)));
  if (changedItems.length > 0) await change(changedItems);
  return { result: { successful_key_count: changedItems.length, unsuccessful_keys: [...failedKeys] } };
}

function parseList<T>(call: ApiCall, item: z.ZodMiniType<T>): readonly T[] | ErrorReply {
  if (call.body.length > MAX_BODY_BYTES) return kvErrors.tooLarge("bulk: 'the body is larger than 100 MB'");
  const items = parseBody(call, z.array(item));
  if (isErrorReply(items)) return items;
  return items.length > MAX_BULK_KEYS ? kvErrors.invalidRequest(`bulk: 'more than ${MAX_BULK_KEYS} keys'`) : items;
}

function parseBody<T extends object>({ body }: ApiCall, schema: z.ZodMiniType<T>): T | ErrorReply {
  try {
    const result = z.safeParse(schema, JSON.parse(body.toString()));
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    return kvErrors.invalidRequest(`bulk: '${issue?.path.join(".") ?? ""} ${issue?.message}'`);
  } catch {
    return kvErrors.invalidRequest("could not parse the body as JSON");
  }
}
