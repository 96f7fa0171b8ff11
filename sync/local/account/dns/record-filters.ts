import type { LocalRecord } from "./record-model.ts";

type Filter = (record: LocalRecord) => boolean;

const TEXT_OPERATORS: Readonly<Record<string, (text: string, operand: string) => boolean>> = {
  exact: (text, operand) => text === operand,
  contains: (text, operand) => text.includes(operand),
  startswith: (text, operand) => text.startsWith(operand),
  endswith: (text, operand) => text.endsWith(operand),
};

/** Returns the records that match a query. Comparisons ignore case. */
export function filterRecords(records: readonly LocalRecord[], query: URLSearchParams): LocalRecord[] {
  const filters = buildFilters(query, (parameter) => !parameter.startsWith("tag."), buildFilter);
  const tagFilters = buildFilters(query, (parameter) => parameter.startsWith("tag."), buildTagFilter);
  const all = [...filters, ...(tagFilters.length > 0 ? [combine(tagFilters, query.get("tag_match"))] : [])];
  const matchesQuery = combine(all, query.get("match"));
  const search = query.get("search")?.toLowerCase() ?? "";
  return records.filter((record) => matchesQuery(record) && (search === "" || includesText(record, search)));
}

function buildFilters(
  query: URLSearchParams,
  selects: (parameter: string) => boolean,
  build: (parameter: string, operand: string) => Filter | undefined,
): Filter[] {
  const entries = [...query].filter(([parameter]) => selects(parameter));
  return entries.flatMap(([parameter, operand]) => build(parameter, operand.toLowerCase()) ?? []);
}

function combine(filters: readonly Filter[], match: string | null): Filter {
  if (filters.length === 0) return () => true;
  return match === "any"
    ? (record) => filters.some((filter) => filter(record))
    : (record) => filters.every((filter) => filter(record));
}

function buildFilter(parameter: string, operand: string): Filter | undefined {
  const [field = "", operator = "exact"] = parameter.split(".");
  const compare = TEXT_OPERATORS[operator];
  switch (field) {
    case "type":
      return ({ type }) => type.toLowerCase() === operand;
    case "proxied":
      return ({ proxied }) => String(proxied) === operand;
    case "name":
    case "content":
      return compare && ((record) => compare(record[field].toLowerCase(), operand));
    case "comment":
      if (operator === "present") return ({ comment }) => comment !== undefined;
      if (operator === "absent") return ({ comment }) => comment === undefined;
      return compare && (({ comment }) => comment !== undefined && compare(comment.toLowerCase(), operand));
    default:
      return undefined;
  }
}

/** Tags are "name" or "name:value". */
function buildTagFilter(parameter: string, operand: string): Filter | undefined {
  const operator = parameter.slice("tag.".length);
  const [wantedName = "", wantedValue = ""] = splitTag(operand);
  const hasTag: Filter = ({ tags }) => tags.some((tag) => splitTag(tag)[0] === wantedName);
  if (operator === "present") return hasTag;
  if (operator === "absent") return (record) => !hasTag(record);
  const compare = TEXT_OPERATORS[operator];
  const matchesTag = (tag: string) => {
    const [name, value = ""] = splitTag(tag);
    return name === wantedName && compare?.(value, wantedValue);
  };
  return compare && (({ tags }) => tags.some(matchesTag));
}

function splitTag(tag: string): string[] {
  const [name = "", ...rest] = tag.toLowerCase().split(":");
  return rest.length > 0 ? [name, rest.join(":")] : [name];
}

function includesText({ name, content, comment = "", tags, type }: LocalRecord, search: string): boolean {
  return [name, content, comment, type, ...tags].some((text) => text.toLowerCase().includes(search));
}

type SortField = "type" | "name" | "content" | "ttl" | "proxied";
const SORT_FIELDS: readonly string[] = ["type", "name", "content", "ttl", "proxied"];

/** Sorts records by the query's `order` and `direction`. */
export function sortRecords(records: readonly LocalRecord[], query: URLSearchParams): readonly LocalRecord[] {
  const order = query.get("order") ?? "";
  if (!SORT_FIELDS.includes(order)) return records;
  const field = order as SortField;
  const sign = query.get("direction") === "desc" ? -1 : 1;
  const compare = (a: LocalRecord, b: LocalRecord) => (a[field] < b[field] ? -1 : Number(a[field] > b[field]));
  return records.toSorted((a, b) => sign * compare(a, b));
}
