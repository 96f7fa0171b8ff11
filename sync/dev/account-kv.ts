import type { Answer, Api, Call } from "./api.ts";
import { type Faults, strikes } from "./faults.ts";
import type { Storage } from "./storage.ts";

const PAGE_KEYS = 1000;

/** The KV endpoints of the API, for the one namespace that the local account has. */
export function kvApi(accountId: string, namespaceId: string, storage: () => Storage, faults: () => Faults): Api {
  return (call) => {
    const [accounts, account, api, kind, namespace, what, ...rest] = call.path;
    if (accounts !== "accounts" || api !== "storage" || kind !== "kv" || account !== accountId) return undefined;
    if (namespace === undefined || what !== namespaceId) {
      return { status: 404, code: 10013, message: "get namespace: 'namespace not found'" };
    }
    return answerTo(call, rest, storage(), faults());
  };
}

function answerTo(
  call: Call,
  [what, ...rest]: string[],
  storage: Storage,
  faults: Faults,
): Promise<Answer> | undefined {
  const [last = ""] = rest;
  switch (`${call.method} ${what}${what === "bulk" && last ? `/${last}` : ""}`) {
    case "GET values":
      return readOne(storage, last);
    case "PUT values":
      return write(call, last, storage);
    case "DELETE values":
      return storage.remove([last]).then(() => ({ result: {} }));
    case "GET keys":
      return keysOf(call.query, storage);
    case "POST bulk/get":
      return bulkRead(call, storage);
    case "PUT bulk":
      return bulkWrite(call, storage, faults);
    case "POST bulk/delete":
      return bulkRemove(call, storage, faults);
    default:
      return undefined;
  }
}

async function readOne(storage: Storage, key: string): Promise<Answer> {
  const value = (await storage.get([key]))[key];
  return typeof value === "string" ? { bytes: value } : { status: 404, code: 10009, message: "get: 'key not found'" };
}

async function write(call: Call, key: string, storage: Storage): Promise<Answer> {
  await storage.put([{ key, value: await valueIn(call) }]);
  return { result: {} };
}

async function valueIn({ contentType, body }: Call): Promise<string> {
  if (!contentType.startsWith("multipart/form-data")) return body.toString();
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
  const value = form.get("value");
  if (value === null) throw new Error("put: 'the form has no value'");
  return typeof value === "string" ? value : await value.text();
}

async function keysOf(query: URLSearchParams, storage: Storage): Promise<Answer> {
  const limit = Math.min(Number(query.get("limit") ?? PAGE_KEYS), PAGE_KEYS);
  const { keys, cursor } = await storage.list(query.get("prefix") ?? "", limit, query.get("cursor") ?? undefined);
  return { result: keys.map((name) => ({ name })), resultInfo: { count: keys.length, cursor: cursor ?? "" } };
}

async function bulkRead(call: Call, storage: Storage): Promise<Answer> {
  const { keys }: { keys: string[] } = JSON.parse(call.body.toString());
  if (keys.length > 100) throw new Error("bulk get: 'more than 100 keys'");
  return { result: { values: await storage.get(keys) } };
}

async function bulkWrite(call: Call, storage: Storage, faults: Faults): Promise<Answer> {
  const entries: { key: string; value: string; base64?: boolean }[] = JSON.parse(call.body.toString());
  const { done, left } = halves(entries, strikes(faults, "partialWrites", call.line));
  const plain = done.map(({ key, value, base64 }) => ({
    key,
    value: base64 ? Buffer.from(value, "base64").toString() : value,
  }));
  await storage.put(plain);
  return counted(
    done.length,
    left.map(({ key }) => key),
  );
}

async function bulkRemove(call: Call, storage: Storage, faults: Faults): Promise<Answer> {
  const { done, left } = halves(
    JSON.parse(call.body.toString()) as string[],
    strikes(faults, "partialWrites", call.line),
  );
  await storage.remove(done);
  return counted(done.length, left);
}

function halves<T>(items: readonly T[], partial: boolean): { done: T[]; left: T[] } {
  if (items.length > 10_000) throw new Error("bulk: 'more than 10000 keys'");
  const count = partial ? Math.floor(items.length / 2) : items.length;
  return { done: items.slice(0, count), left: items.slice(count) };
}

function counted(count: number, unsuccessful: readonly string[]): Answer {
  return { result: { successful_key_count: count, unsuccessful_keys: unsuccessful } };
}
