import type { WorkerStorage } from "../../worker/worker-storage.ts";
import type { ApiCall, ApiReply, LocalApi } from "../api-types.ts";
import { type FaultPlan, shouldFail } from "../fault-injection.ts";

const MAX_PAGE_KEYS = 1000;

/** Creates the KV endpoints of the API, for the single namespace of the local account. */
export function createKvApi(
  accountId: string,
  namespaceId: string,
  storage: () => WorkerStorage,
  faults: () => FaultPlan,
): LocalApi {
  return (call) => {
    const [accounts, account, api, kind, namespace, requestedNamespace, ...rest] = call.path;
    if (accounts !== "accounts" || api !== "storage" || kind !== "kv" || account !== accountId) return undefined;
    if (namespace === undefined || requestedNamespace !== namespaceId) {
      return { status: 404, code: 10013, message: "get namespace: 'namespace not found'" };
    }
    return handleKvCall(call, rest, storage(), faults());
  };
}

function handleKvCall(
  call: ApiCall,
  [resource, ...rest]: string[],
  storage: WorkerStorage,
  faults: FaultPlan,
): Promise<ApiReply> | undefined {
  const [lastSegment = ""] = rest;
  switch (`${call.method} ${resource}${resource === "bulk" && lastSegment ? `/${lastSegment}` : ""}`) {
    case "GET values":
      return getValue(storage, lastSegment);
    case "PUT values":
      return putValue(call, lastSegment, storage);
    case "DELETE values":
      return storage.remove([lastSegment]).then(() => ({ result: {} }));
    case "GET keys":
      return listKeys(call.query, storage);
    case "POST bulk/get":
      return bulkGet(call, storage);
    case "PUT bulk":
      return bulkPut(call, storage, faults);
    case "POST bulk/delete":
      return bulkDelete(call, storage, faults);
    default:
      return undefined;
  }
}

async function getValue(storage: WorkerStorage, key: string): Promise<ApiReply> {
  const value = (await storage.get([key]))[key];
  return typeof value === "string" ? { bytes: value } : { status: 404, code: 10009, message: "get: 'key not found'" };
}

async function putValue(call: ApiCall, key: string, storage: WorkerStorage): Promise<ApiReply> {
  await storage.put([{ key, value: await parseValue(call) }]);
  return { result: {} };
}

async function parseValue({ contentType, body }: ApiCall): Promise<string> {
  if (!contentType.startsWith("multipart/form-data")) return body.toString();
  const form = await new Response(new Uint8Array(body), { headers: { "content-type": contentType } }).formData();
  const value = form.get("value");
  if (value === null) throw new Error("put: 'the form has no value'");
  return typeof value === "string" ? value : await value.text();
}

async function listKeys(query: URLSearchParams, storage: WorkerStorage): Promise<ApiReply> {
  const limit = Math.min(Number(query.get("limit") ?? MAX_PAGE_KEYS), MAX_PAGE_KEYS);
  const { keys, cursor } = await storage.list(query.get("prefix") ?? "", limit, query.get("cursor") ?? undefined);
  return { result: keys.map((name) => ({ name })), resultInfo: { count: keys.length, cursor: cursor ?? "" } };
}

async function bulkGet(call: ApiCall, storage: WorkerStorage): Promise<ApiReply> {
  const { keys }: { keys: string[] } = JSON.parse(call.body.toString());
  if (keys.length > 100) throw new Error("bulk get: 'more than 100 keys'");
  return { result: { values: await storage.get(keys) } };
}

async function bulkPut(call: ApiCall, storage: WorkerStorage, faults: FaultPlan): Promise<ApiReply> {
  const entries: { key: string; value: string; base64?: boolean }[] = JSON.parse(call.body.toString());
  const { processedItems, remainingItems } = splitBatch(entries, shouldFail(faults, "partialWrites", call.line));
  const decodedEntries = processedItems.map(({ key, value, base64 }) => ({
    key,
    value: base64 ? Buffer.from(value, "base64").toString() : value,
  }));
  await storage.put(decodedEntries);
  return buildBulkReply(
    processedItems.length,
    remainingItems.map(({ key }) => key),
  );
}

async function bulkDelete(call: ApiCall, storage: WorkerStorage, faults: FaultPlan): Promise<ApiReply> {
  const { processedItems, remainingItems } = splitBatch(
    JSON.parse(call.body.toString()) as string[],
    shouldFail(faults, "partialWrites", call.line),
  );
  await storage.remove(processedItems);
  return buildBulkReply(processedItems.length, remainingItems);
}

function splitBatch<T>(items: readonly T[], isPartial: boolean): { processedItems: T[]; remainingItems: T[] } {
  if (items.length > 10_000) throw new Error("bulk: 'more than 10000 keys'");
  const count = isPartial ? Math.floor(items.length / 2) : items.length;
  return { processedItems: items.slice(0, count), remainingItems: items.slice(count) };
}

function buildBulkReply(count: number, unsuccessful: readonly string[]): ApiReply {
  return { result: { successful_key_count: count, unsuccessful_keys: unsuccessful } };
}
