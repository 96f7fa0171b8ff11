import type { HostRules, Route } from "../../../src/rules/snapshot.ts";
import { resolveRequestHost, resolveRequestPath } from "./request-path.ts";

const MAX_REGEX_PATH_BYTES = 4096;

// A plain search of compiled rules, without indexes and caches.

/** The rules of a host, and the routes that may answer. */
export interface ReferenceMatch {
  readonly host: HostRules;
  /** Several for prefixes that differ in their final slash only. */
  readonly routes: readonly Route[];
}

/** Returns the rules for a Host header and a raw path. Undefined if no rules belong to the host. */
export function searchRules(
  hosts: readonly HostRules[],
  hostHeader: string,
  rawPath: string,
): ReferenceMatch | undefined {
  const host = searchHost(hosts, resolveRequestHost(hostHeader));
  if (!host) return undefined;
  const path = resolveRequestPath(rawPath);
  return { host, routes: path === undefined ? [] : searchRoutes(host.routes, path) };
}

function searchHost(hosts: readonly HostRules[], name: string): HostRules | undefined {
  const exact = hosts.find(({ host }) => host === name);
  if (exact) return exact;
  const labels = name.split(".");
  const isAddress = name.startsWith("[") || (labels.length === 4 && labels.every((label) => /^\d{1,3}$/.test(label)));
  const wildcard = labels.length > 1 && labels[0] !== "" && !isAddress ? `*.${labels.slice(1).join(".")}` : undefined;
  return hosts.find(({ host }) => host === wildcard) ?? hosts.find(({ host }) => host === "*");
}

function searchRoutes(routes: readonly Route[], path: string): readonly Route[] {
  for (const route of routes) {
    if (route.path.type !== "regex") continue;
    if (path.length > (route.path.maxBytes ?? MAX_REGEX_PATH_BYTES)) return []; // a 414
    if (new RegExp(route.path.pattern, "i").test(path)) return [route];
  }
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
