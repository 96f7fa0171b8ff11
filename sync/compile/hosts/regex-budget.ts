import { MAX_REGEX_SUBJECT_BYTES } from "../../../src/rules/paths.ts";
import { buildSubject } from "../claims/claims.ts";
import type { Report } from "../diagnostics.ts";
import type { Claim } from "../model.ts";
import type { MatchedRoute } from "./path-matches.ts";

/**
 * Maximum number of regexes of a host whose worst time to match grows with the square of the path's length. Each takes
 * up to 5 ms, and a request may try all of them.
 */
export const MAX_QUADRATIC_REGEXES = 10;

/** Drops the quadratic regexes beyond the limit of a host. The oldest Ingresses, first in `claims`, keep theirs. */
export function enforceRegexBudget(
  matchedRoutes: readonly MatchedRoute[],
  claims: readonly Claim[],
  report: Report,
): readonly MatchedRoute[] {
  const quadraticRoutes = new Map(
    matchedRoutes.filter(({ maxBytes }) => maxBytes < MAX_REGEX_SUBJECT_BYTES).map((route) => [route.claim, route]),
  );
  if (quadraticRoutes.size <= MAX_QUADRATIC_REGEXES) return matchedRoutes;
  const droppedClaims = claims.filter((claim) => quadraticRoutes.has(claim)).slice(MAX_QUADRATIC_REGEXES);
  for (const { owner, subject, path, host } of droppedClaims) {
    const problem = `path dropped: ${path}. Host ${host} already has ${MAX_QUADRATIC_REGEXES} regexes whose time to match grows with the square of the path's length`;
    const field = `${subject.field}.path`;
    report(
      "RegexLimitExceeded",
      buildSubject(owner.ingress, field),
      problem,
      "use one wildcard per regex, or a prefix",
    );
  }
  const droppedSet = new Set(droppedClaims);
  return matchedRoutes.filter(({ claim }) => !droppedSet.has(claim));
}
