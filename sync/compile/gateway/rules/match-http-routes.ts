import { decodePath, MAX_REGEX_SUBJECT_BYTES } from "../../../../src/rules/paths.ts";
import { type Result, success } from "../../../../src/rules/result.ts";
import type { PathMatch, RouteConditions, ValueCondition } from "../../../../src/rules/snapshot.ts";
import type { ValueMatch } from "../../../collect/gateway/http-route-model.ts";
import type { HostCompilation } from "../../hosts/host-compilation.ts";
import { buildFullRegex, type CheckedRegex } from "../../hosts/regex.ts";
import type { Claim } from "../../model.ts";
import { listValueMatches } from "./conditions.ts";
import type { HttpRouteClaim } from "./route-claim.ts";

/** How a claim of an HTTPRoute matches. */
export interface HttpRouteMatching {
  readonly match: PathMatch;
  readonly when: RouteConditions | undefined;
  /** Length of a path and of values that are matched fast enough, in bytes. */
  readonly maxBytes: number;
}

/** Returns how a claim matches, or why one of its regexes is refused. */
export function matchHttpRoute(
  claim: Claim & { readonly httpRoute: HttpRouteClaim },
  { checkRegex }: Pick<HostCompilation, "checkRegex">,
): Result<HttpRouteMatching> {
  const { match, scheme } = claim.httpRoute;
  const { namespace } = claim.owner.ingress;
  const build = (pattern: string) => buildFullRegex(pattern, (regex) => checkRegex(namespace, regex));
  const path = buildPathMatch(claim, build);
  if (!path.ok) return path;
  const values = listValueMatches(match);
  const headers = buildConditions(values.headers, build);
  if (!headers.ok) return headers;
  const query = buildConditions(values.query, build);
  if (!query.ok) return query;
  const when: RouteConditions = {
    ...(scheme && { scheme }),
    ...(match.method !== undefined && { method: match.method }),
    ...(headers.value.length > 0 && { headers: headers.value }),
    ...(query.value.length > 0 && { query: query.value }),
  };
  const parts = [path.value, ...headers.value, ...query.value];
  const maxBytes = parts.map((part) => ("maxBytes" in part && part.maxBytes) || MAX_REGEX_SUBJECT_BYTES);
  return success({
    match: path.value,
    when: Object.keys(when).length === 0 ? undefined : when,
    maxBytes: Math.min(...maxBytes),
  });
}

type BuildRegex = (pattern: string) => ReturnType<typeof buildFullRegex>;

function buildPathMatch({ type, path }: Claim, build: BuildRegex): Result<PathMatch> {
  if (type !== "full-regex") return success({ type, path: decodePath(path) });
  const regex = build(path);
  return regex.ok ? success({ type, ...describeRegex(regex.value) }) : regex;
}

function buildConditions(matches: readonly ValueMatch[], build: BuildRegex): Result<ValueCondition[]> {
  const conditions: ValueCondition[] = [];
  for (const { name, type, value } of matches) {
    if (type === "Exact") {
      conditions.push({ name, value });
      continue;
    }
    const regex = build(value);
    if (!regex.ok) return regex;
    conditions.push({ name, ...describeRegex(regex.value) });
  }
  return success(conditions);
}

function describeRegex({ pattern, maxBytes }: CheckedRegex) {
  return { pattern, ...(maxBytes < MAX_REGEX_SUBJECT_BYTES && { maxBytes }) };
}

/** What the order of routes depends on. */
export interface RoutePlace {
  readonly claim: Claim;
  readonly match: PathMatch;
}

/**
 * Compares routes of a host with HTTPRoutes: exact paths first, then regexes, then prefixes; longer before shorter; then a
 * method, more headers, more query parameters. Equal routes keep the order of their claims, the oldest first.
 * https://gateway-api.sigs.k8s.io/reference/spec/#httprouterule
 */
export function byPrecedence(a: RoutePlace, b: RoutePlace): number {
  return (
    PATH_RANKS[a.match.type] - PATH_RANKS[b.match.type] ||
    measurePath(b) - measurePath(a) ||
    countMethods(b) - countMethods(a) ||
    countValues(b, "headers") - countValues(a, "headers") ||
    countValues(b, "query") - countValues(a, "query")
  );
}

const PATH_RANKS: Readonly<Record<PathMatch["type"], number>> = { exact: 0, regex: 1, "full-regex": 1, prefix: 2 };

function measurePath({ claim, match }: RoutePlace): number {
  return match.type === "exact" ? 0 : claim.path.length;
}

function countMethods({ claim: { httpRoute } }: RoutePlace): number {
  return httpRoute?.match.method === undefined ? 0 : 1;
}

function countValues({ claim: { httpRoute } }: RoutePlace, part: "headers" | "query"): number {
  return httpRoute ? listValueMatches(httpRoute.match)[part].length : 0;
}
