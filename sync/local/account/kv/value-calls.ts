import { type ApiCall, isErrorReply } from "../api-types.ts";
import type { KvCall, KvContext } from "./kv-context.ts";
import { checkWrite, findKeyProblem, type KvValue } from "./kv-entry.ts";
import { kvErrors } from "./kv-errors.ts";
import type { KeyPage } from "./namespace-storage.ts";

const MIN_PAGE_KEYS = 10;
const MAX_PAGE_KEYS = 1000;

/** Reads keys at one location, with one read of the storage. Absent keys are undefined. */
export async function readValues(
  keys: readonly string[],
  { cache, namespace: { id, storage } }: KvContext,
): Promise<ReadonlyMap<string, KvValue | undefined>> {
  const location = cache.nextLocation();
  const uncachedKeys = [...new Set(keys)].filter((key) => !cache.has(location, `${id} value ${key}`));
  const freshValues = uncachedKeys.length > 0 ? await storage.get(uncachedKeys) : new Map<string, KvValue>();
  const readKey = async (key: string) =>
    [key, await cache.read(location, `${id} value ${key}`, async () => freshValues.get(key))] as const;
  return new Map(await Promise.all(keys.map(readKey)));
}

/** `GET values/KEY`: the bytes, without an envelope. */
export const getStoredValue: KvCall = async (_call, key, context) => {
  const entry = (await readValues([key], context)).get(key);
  if (!entry) return kvErrors.keyNotFound();
  const headers = entry.expiration === undefined ? {} : { expiration: String(entry.expiration) };
  return { bytes: entry.value, headers };
};

/** `GET metadata/KEY`. */
export const getMetadata: KvCall = async (_call, key, context) => {
  const entry = (await readValues([key], context)).get(key);
  return entry ? { result: entry.metadata ?? null } : kvErrors.keyNotFound();
};

/** `PUT values/KEY`. A write without metadata and expiration clears them. */
export const putStoredValue: KvCall = async (call, key, { namespace, limits, now }) => {
  const form = await readForm(call);
  if (isErrorReply(form)) return form;
  const expiration = readNumber(call.query, "expiration");
  const expirationTtl = readNumber(call.query, "expiration_ttl");
  const entry = checkWrite({ key, ...form, expiration, expirationTtl }, now());
  if (isErrorReply(entry)) return entry;
  const problem = limits.count("writes", namespace.id, [key]);
  if (problem) return problem;
  await namespace.storage.put([entry]);
  return { result: {} };
};

/** `DELETE values/KEY`. Succeeds if the key does not exist. */
export const deleteValue: KvCall = async (_call, key, { namespace, limits }) => {
  const problem = findKeyProblem(key) ?? limits.count("removals", namespace.id, [key]);
  if (problem) return problem;
  await namespace.storage.remove([key]);
  return { result: {} };
};

/** `GET keys`. */
export const listKeys: KvCall = async ({ query }, _key, { namespace, cache }) => {
  const limit = readNumber(query, "limit") ?? MAX_PAGE_KEYS;
  if (!(limit >= MIN_PAGE_KEYS && limit <= MAX_PAGE_KEYS))
    return kvErrors.invalidRequest(`list keys: 'limit must be from ${MIN_PAGE_KEYS} to ${MAX_PAGE_KEYS}'`);
  const [prefix, cursor] = [query.get("prefix") ?? "", query.get("cursor") || undefined];
  const name = `${namespace.id} list ${JSON.stringify([prefix, limit, cursor])}`;
  const page = await cache.read<KeyPage>(cache.nextLocation(), name, () =>
    namespace.storage.list(prefix, limit, cursor),
  );
  return { result: page.keys, resultInfo: { count: page.keys.length, cursor: page.cursor } };
};

function readNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  return text === null ? undefined : Number(text || Number.NaN);
}

async function readForm({ contentType, body }: ApiCall) {
  if (!contentType.startsWith("multipart/form-data")) return { value: body };
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
  const [value, metadata] = [form.get("value"), form.get("metadata")];
  if (value === null) return kvErrors.invalidRequest("put: 'the form has no value'");
  const bytes = typeof value === "string" ? Buffer.from(value) : Buffer.from(await value.arrayBuffer());
  if (metadata === null || metadata === "") return { value: bytes };
  try {
    return { value: bytes, metadata: JSON.parse(typeof metadata === "string" ? metadata : await metadata.text()) };
  } catch {
    return kvErrors.invalidRequest("put: 'metadata must be valid JSON'");
  }
}
