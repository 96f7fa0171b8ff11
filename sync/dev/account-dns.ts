import { randomBytes } from "node:crypto";
import { type Answer, type Api, type Call, idOf } from "./api.ts";

export interface LocalRecord {
  id: string;
  type: string;
  name: string;
  content: string;
  proxied: boolean;
  ttl: number;
  comment?: string;
}

const BATCH_RECORDS = 200;

/** The zone and DNS endpoints of the API; the records lie in memory. */
export function recordsApi(zones: readonly string[], accountId: string) {
  const held = new Map<string, LocalRecord[]>(zones.map((name) => [name, []]));
  const records = (zone: string): readonly LocalRecord[] => held.get(zone) ?? [];
  const inZone = (zone: string, call: Call): Answer | undefined => {
    const [collection, batch] = call.path.slice(2);
    if (collection !== "dns_records") return undefined;
    if (call.method === "GET") return recordsOf(call, records(zone));
    if (call.method !== "POST" || batch !== "batch") return undefined;
    const changed = changedBy(call, records(zone));
    if ("status" in changed) return changed;
    held.set(zone, changed.records);
    return { result: { deletes: changed.deleted, patches: [], puts: [], posts: changed.posted } };
  };
  const api: Api = (call) => {
    const [first, zoneId] = call.path;
    if (first !== "zones") return undefined;
    if (zoneId === undefined) return zonesOf(call, zones, accountId);
    const zone = zones.find((name) => idOf(name) === zoneId);
    return zone === undefined
      ? { status: 404, code: 7003, message: "Could not route to the zone" }
      : inZone(zone, call);
  };
  return { api, records };
}

function zonesOf({ query }: Call, zones: readonly string[], accountId: string): Answer {
  if ((query.get("account.id") ?? accountId) !== accountId) return paged([], query, 50);
  const name = query.get("name");
  const found = zones.filter((zone) => name === null || zone === name);
  return paged(
    found.map((zone) => ({ id: idOf(zone), name: zone, status: "active", account: { id: accountId } })),
    query,
    50,
  );
}

function recordsOf({ query }: Call, records: readonly LocalRecord[]): Answer {
  const filters = [
    ["comment.exact", ({ comment }: LocalRecord) => comment],
    ["name.exact", ({ name }: LocalRecord) => name],
    ["content.exact", ({ content }: LocalRecord) => content],
    ["type", ({ type }: LocalRecord) => type],
  ] as const;
  const asked = filters.filter(([parameter]) => query.has(parameter));
  const found = records.filter((record) => asked.every(([parameter, read]) => read(record) === query.get(parameter)));
  return paged(found, query, 5_000_000);
}

function paged(all: readonly object[], query: URLSearchParams, most: number): Answer {
  const page = Number(query.get("page") ?? 1);
  const size = Math.min(Number(query.get("per_page") ?? 100), most);
  const result = all.slice((page - 1) * size, page * size);
  const pages = Math.ceil(all.length / size);
  return {
    result,
    resultInfo: { page, per_page: size, count: result.length, total_count: all.length, total_pages: pages },
  };
}

type Changed = { records: LocalRecord[]; deleted: LocalRecord[]; posted: LocalRecord[] };

/** Deletes, then posts, in one transaction, as the real API does it. */
function changedBy({ body }: Call, held: readonly LocalRecord[]): Changed | Extract<Answer, { status: number }> {
  const { deletes = [], posts = [] }: { deletes?: { id: string }[]; posts?: Omit<LocalRecord, "id">[] } = JSON.parse(
    body.toString(),
  );
  if (deletes.length + posts.length > BATCH_RECORDS) return refusal(81062, "Too many operations in the batch");
  const gone = new Set(deletes.map(({ id }) => id));
  const deleted = held.filter(({ id }) => gone.has(id));
  if (deleted.length < gone.size) return { status: 404, code: 81044, message: "Record does not exist." };
  const records = held.filter(({ id }) => !gone.has(id));
  const posted = posts.map((post) => ({
    ...post,
    id: randomBytes(16).toString("hex"),
    proxied: post.proxied === true,
  }));
  for (const post of posted) {
    const clash = clashOf(post, records);
    if (clash) return clash;
    records.push(post);
  }
  return { records, deleted, posted };
}

function clashOf(post: LocalRecord, records: readonly LocalRecord[]) {
  const same = records.filter(({ name }) => plainName(name) === plainName(post.name));
  if (same.some(({ type, content }) => type === post.type && content === post.content)) {
    return refusal(81058, "An identical record already exists.");
  }
  const addresses = ["A", "AAAA", "CNAME"];
  const alone = same.some(({ type }) => (type === "CNAME" || post.type === "CNAME") && addresses.includes(type));
  return alone ? refusal(81053, "An A, AAAA, or CNAME record with that host already exists.") : undefined;
}

function refusal(code: number, message: string) {
  return { status: 400, code, message };
}

/** Names compare without case and without the root's dot. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}
