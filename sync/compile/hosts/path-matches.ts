import { compareText } from "../../../src/rules/compare-text.ts";
import { decodePath, MAX_REGEX_SUBJECT_BYTES } from "../../../src/rules/paths.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { PathMatch, RouteConditions } from "../../../src/rules/snapshot.ts";
import type { HttpRouteRule } from "../../collect/gateway/http-route-model.ts";
import { byPrecedence, matchHttpRoute } from "../gateway/rules/match-http-routes.ts";
import type { Claim } from "../model.ts";
import type { HostCompilation } from "./host-compilation.ts";
import { buildOpenPrefixRegex, buildPathRegex, buildPrefixRegex, type CheckedRegex } from "./regex.ts";
import { isRegexPath, keepsPrefix } from "./regex-policies.ts";
import { buildLiteralPathRegex, scopeRegex } from "./regex-scope.ts";

/** A claim with its policy settings: a route without its path match. */
export interface RouteDraft {
  readonly claim: Claim;
  readonly settings: PolicySettings;
}

export interface MatchedRoute extends RouteDraft {
  readonly match: PathMatch;
  readonly when?: RouteConditions;
  /** Length of a path that is matched fast enough, in bytes. */
  readonly maxBytes: number;
}

/**
 * Returns how each path of a host is matched. As in ingress-nginx, one regex turns all paths of the host into regexes:
 * case-insensitive, open-ended, the longest first. Without a regex, paths match as in Kubernetes. The regex of a
 * path-limited namespace turns only its own paths into regexes. Regexes of Ingresses do not change paths of HTTPRoutes.
 */
export function matchPaths(drafts: readonly RouteDraft[], compilation: HostCompilation): MatchedRoute[] {
  if (!drafts.some(({ claim }) => claim.httpRoute)) return matchIngressPaths(drafts, compilation);
  const matchedRoutes = new Map([
    ...matchIngressPaths(
      drafts.filter(({ claim }) => !claim.httpRoute),
      compilation,
    ).map((route) => [route.claim, route] as const),
    ...matchHttpRoutes(drafts, compilation).map((route) => [route.claim, route] as const),
  ]);
  // The sort is stable: equal routes keep the order of their claims.
  return drafts.flatMap(({ claim }) => matchedRoutes.get(claim) ?? []).toSorted(byPrecedence);
}

/** A rule of an HTTPRoute is dropped as a whole if one of its regexes is refused. */
function matchHttpRoutes(drafts: readonly RouteDraft[], compilation: HostCompilation): MatchedRoute[] {
  const droppedRules = new Set<HttpRouteRule>();
  const matchedRoutes = drafts.flatMap((draft) => {
    const { httpRoute } = draft.claim;
    if (!httpRoute) return [];
    const matching = matchHttpRoute({ ...draft.claim, httpRoute }, compilation);
    if (matching.ok) return [{ draft, matching: matching.value, rule: httpRoute.rule }];
    const { subject } = draft.claim;
    droppedRules.add(httpRoute.rule);
    compilation.report("UnsafeRegex", subject, `rule dropped: ${matching.problem}`, "simplify its regexes");
    return [];
  });
  return matchedRoutes
    .filter(({ rule }) => !droppedRules.has(rule))
    .map(({ draft, matching: { match, when, maxBytes } }) => {
      const pattern = "pattern" in match ? scopeRegex(match.pattern, listPermittedPaths(draft.claim)) : undefined;
      const scoped = pattern !== undefined && "pattern" in match ? { ...match, pattern } : match;
      return { ...draft, match: scoped, maxBytes, ...(when && { when }) };
    });
}

function matchIngressPaths(drafts: readonly RouteDraft[], compilation: HostCompilation): MatchedRoute[] {
  if (!drafts.some(usesRegex))
    return drafts.map((draft) => ({
      ...draft,
      match: buildLiteralMatch(draft.claim),
      maxBytes: MAX_REGEX_SUBJECT_BYTES,
    }));
  const hasHostWideRegex = drafts.some((draft) => usesRegex(draft) && draft.claim.permit.type === "full");
  if (!hasHostWideRegex) return matchPathsBesideRegexes(drafts, compilation);
  const exactPaths = new Set(drafts.filter(({ claim }) => claim.type === "exact").map(({ claim }) => claim.path));
  // The sort is stable: equal paths keep the order of their claims.
  return drafts
    .toSorted(byLength)
    .flatMap((draft) => addRegexMatch(draft, buildPattern(draft, exactPaths, compilation)));
}

/** Paths that keep their type in a host with regexes: exact ones first, then the longest. */
function matchPathsBesideRegexes(drafts: readonly RouteDraft[], compilation: HostCompilation): MatchedRoute[] {
  const literalDrafts = drafts.filter((draft) => !usesRegex(draft));
  const prefixes = new Set(
    literalDrafts.filter(({ claim }) => claim.type === "prefix").map(({ claim }) => decodePath(claim.path)),
  );
  const isExact = (draft: RouteDraft) => draft.claim.type === "exact" && !usesRegex(draft);
  const length = (draft: RouteDraft) => (usesRegex(draft) ? draft.claim.path : decodePath(draft.claim.path)).length;
  return drafts
    .toSorted((a, b) => Number(isExact(b)) - Number(isExact(a)) || length(b) - length(a) || byLength(a, b))
    .flatMap((draft) =>
      addRegexMatch(
        draft,
        usesRegex(draft)
          ? buildPattern(draft, new Set(), compilation)
          : { pattern: buildLiteralPathRegex(draft.claim, prefixes), maxBytes: MAX_REGEX_SUBJECT_BYTES },
      ),
    );
}

function addRegexMatch(draft: RouteDraft, regex: CheckedRegex | undefined): MatchedRoute[] {
  if (!regex) return [];
  const pattern = scopeRegex(regex.pattern, listPermittedPaths(draft.claim));
  const match = {
    type: "regex",
    pattern,
    ...(regex.maxBytes < MAX_REGEX_SUBJECT_BYTES && { maxBytes: regex.maxBytes }),
  } as const;
  return [{ ...draft, match, maxBytes: regex.maxBytes }];
}

/** Whether a route sets use-regex, or rewrite-target. The legacy rewrite of before 2018 did not use regexes. */
function usesRegex({ claim, settings }: RouteDraft): boolean {
  return isRegexPath(claim.owner.annotations, settings, claim.excludedPolicies);
}

function byLength(a: RouteDraft, b: RouteDraft): number {
  return b.claim.path.length - a.claim.path.length || compareText(b.claim.path, a.claim.path);
}

function buildLiteralMatch({ type, path }: Claim): PathMatch {
  return { type: type === "exact" ? type : "prefix", path: decodePath(path) };
}

function buildPattern(
  { claim, settings }: RouteDraft,
  exactPaths: ReadonlySet<string>,
  { checkRegex, report }: HostCompilation,
): CheckedRegex | undefined {
  if (keepsPrefix(settings))
    return { pattern: buildPrefixRegex(decodePath(claim.path)), maxBytes: MAX_REGEX_SUBJECT_BYTES };
  const isRegex = usesRegex({ claim, settings });
  // ingress-nginx splits a plain prefix into the path itself and the paths below it. An exact path of the same text
  // replaces the former.
  const suffix =
    !isRegex && claim.type === "prefix" && exactPaths.has(claim.path) && !claim.path.endsWith("/") ? "/" : "";
  const regex = buildPathRegex(claim.path + suffix, (pattern) => checkRegex(claim.owner.ingress.namespace, pattern));
  if (regex.ok) return regex.value;
  if (!isRegex) return { pattern: buildOpenPrefixRegex(claim.path + suffix), maxBytes: MAX_REGEX_SUBJECT_BYTES }; // the path is not written as a regex
  const problem = `path cannot be matched: ${claim.path} (${regex.problem})`;
  report("UnsafeRegex", { ...claim.subject, field: `${claim.subject.field}.path` }, problem, "simplify the path");
  return undefined;
}

function listPermittedPaths({ permit }: Claim): readonly string[] | undefined {
  return permit.type === "paths" ? permit.paths : undefined;
}
