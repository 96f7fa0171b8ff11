import type { HostRules, PathMatch, Route } from "../../../src/rules/snapshot.ts";
import { acceptsConditions, type ReferenceRequest } from "./conditions.ts";
import { resolveRequestHost, resolveRequestPath } from "./request-path.ts";

const MAX_REGEX_PATH_BYTES = 4096;
const MAX_NAME_LENGTH = 253;

// A plain search of compiled rules, without indexes and caches.

/** The rules of a host, and the routes that may answer. */
export interface ReferenceMatch {
  readonly host: HostRules;
  /** Several for prefixes that differ in their final slash only. */
  readonly routes: readonly Route[];
  /** Whether an earlier route may match, so that the request can be rejected: a value is too long for a regex. */
  readonly mayReject: boolean;
}

/** Returns the rules for a request. Undefined if no rules belong to the host. */
export function searchRules(
  hosts: readonly HostRules[],
  rawPath: string,
  request: ReferenceRequest,
): ReferenceMatch | undefined {
  const host = searchHost(hosts, resolveRequestHost(request.host));
  if (!host) return undefined;
  const path = resolveRequestPath(rawPath);
  return path === undefined
    ? { host, routes: [], mayReject: false }
    : { host, ...searchRoutes(host.routes, path, request) };
}

function searchHost(hosts: readonly HostRules[], name: string): HostRules | undefined {
  const labels = name.split(".");
  const isAddress = name.startsWith("[") || (labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label)));
  const suffixes = isAddress ? [] : labels.map((_, index) => labels.slice(index).join(".")).slice(1);
  const parents = suffixes.filter((suffix) => suffix.length + 1 < name.length);
  const names = [
    name,
    ...parents
      .slice(0, 1)
      .filter(() => labels[0] !== "")
      .map((parent) => `*.${parent}`),
    ...parents.filter(({ length }) => length < MAX_NAME_LENGTH).map((parent) => `**.${parent}`),
    "*",
  ];
  return names.map((one) => hosts.find(({ host }) => host === one)).find((host) => host !== undefined);
}

function searchRoutes(
  routes: readonly Route[],
  path: string,
  request: ReferenceRequest,
): Pick<ReferenceMatch, "routes" | "mayReject"> {
  const isOrdered = routes.some(
    ({ path: match, when }) => when || match.type === "full-regex" || match.type === "regex",
  );
  return isOrdered ? searchInOrder(routes, path, request) : { routes: searchPaths(routes, path), mayReject: false };
}

function searchInOrder(routes: readonly Route[], path: string, request: ReferenceRequest) {
  let mayReject = false;
  for (const route of routes) {
    const verdicts = [acceptsPath(route.path, path), acceptsConditions(route.when ?? {}, request)];
    if (verdicts.includes("no")) continue;
    if (!verdicts.includes("unknown")) return { routes: [route], mayReject };
    if (verdicts[0] === "yes") return { routes: [], mayReject: true };
    mayReject = true; // unless the path lacks the literal start of the regex
  }
  return { routes: [], mayReject };
}

function acceptsPath(match: PathMatch, path: string): "yes" | "no" | "unknown" {
  if (!("pattern" in match))
    return searchPaths([{ id: "", path: match, policies: {} }], path).length > 0 ? "yes" : "no";
  if (path.length > (match.maxBytes ?? MAX_REGEX_PATH_BYTES)) return "unknown"; // a 414
  return new RegExp(match.pattern, match.type === "regex" ? "i" : "").test(path) ? "yes" : "no";
}

function searchPaths(routes: readonly Route[], path: string): readonly Route[] {
  const exact = routes.filter(({ path: match }) => match.type === "exact" && toBytes(match.path) === path);
  if (exact.length > 0) return exact;
  const elements = split(path);
  const prefixes = routes.filter(
    ({ path: match }) =>
      match.type === "prefix" && split(toBytes(match.path)).every((element, index) => element === elements[index]),
  );
  const depth = ({ path: match }: Route) => (match.type === "prefix" ? split(toBytes(match.path)).length : 0);
  const deepest = Math.max(...prefixes.map(depth));
  return prefixes.filter((route) => depth(route) === deepest);
}

function split(path: string): string[] {
  return path.split("/").filter((element) => element !== "");
}

function toBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
