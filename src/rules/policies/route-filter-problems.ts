import { isEdgeHeader, isFramingHeader } from "../edge-headers.ts";
import { hasDotSegment } from "../paths.ts";
import type { PathChange, RouteFilter } from "./route-filters.ts";

type HeaderFilter = Extract<RouteFilter, { type: "request-headers" | "response-headers" }>;

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

/** Returns why a filter cannot be applied; undefined if it can. The edge answers 500 for such a filter. */
export function findFilterProblem(filter: RouteFilter): string | undefined {
  switch (filter.type) {
    case "request-headers":
      return findHeaderProblem(filter, isReservedRequestHeader);
    case "response-headers":
      return findHeaderProblem(filter, isReservedResponseHeader);
    case "redirect":
    case "rewrite":
      return filter.path && findPathProblem(filter.path);
    case "reject":
      return filter.reason;
    case "mirror":
    case "cors":
    case "external-auth":
      return undefined;
  }
}

/** Whether filters change a request header that describes the client. A backend of another namespace trusts the edge's. */
export function changesEdgeHeaders(filters: readonly RouteFilter[]): boolean {
  return filters.some((filter) => filter.type === "request-headers" && listChangedNames(filter).some(isEdgeHeader));
}

function findHeaderProblem(filter: HeaderFilter, isReserved: (name: string) => boolean): string | undefined {
  const names = listChangedNames(filter);
  const invalid = names.find((name) => !HEADER_NAME.test(name));
  if (invalid !== undefined) return `expected a header name, got "${invalid}"`;
  const reserved = names.find(isReserved);
  if (reserved !== undefined) return `header not allowed: ${reserved}. ${describeRemedy(reserved)}`;
  const [name] = [...(filter.set ?? []), ...(filter.add ?? [])].find(([, value]) => !HEADER_VALUE.test(value)) ?? [];
  return name === undefined ? undefined : `invalid characters in the value of header ${name}`;
}

function listChangedNames({ set = [], add = [], remove = [] }: HeaderFilter): string[] {
  return [...[...set, ...add].map(([name]) => name), ...remove];
}

/** Cloudflare answers an error (1000) if a Worker sets its headers. */
function isReservedRequestHeader(name: string): boolean {
  return isFramingHeader(name) || name.toLowerCase().startsWith("cf-");
}

function isReservedResponseHeader(name: string): boolean {
  return isFramingHeader(name);
}

function describeRemedy(name: string): string {
  return name.toLowerCase() === "host" ? "Use URLRewrite with a hostname" : "Only the edge sets it";
}

function findPathProblem(change: PathChange): string | undefined {
  const path = change.type === "full" ? change.path : change.replacement;
  return hasDotSegment(`/${path}`) ? `expected a path without dot segments, got "${path}"` : undefined;
}
