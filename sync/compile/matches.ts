import { compareText } from "../../src/rules/order.ts";
import { decodePath } from "../../src/rules/paths.ts";
import type { PolicySettings } from "../../src/rules/policies/index.ts";
import type { PathMatch } from "../../src/rules/snapshot.ts";
import type { Claim } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import { expressionOf, literalExpression, openExpression } from "./expression.ts";
import { fenced, plainExpression } from "./fence.ts";
import type { Options } from "./options.ts";

/** A claim with the settings of its policies: a route but for how its path is matched. */
export interface Ruled {
  readonly claim: Claim;
  readonly settings: PolicySettings;
}

export interface Matched extends Ruled {
  readonly match: PathMatch;
}

/**
 * How each path of a host is matched. As in ingress-nginx one expression makes all of the host's paths expressions:
 * without case, open-ended, the longest tried first. Otherwise they are as Kubernetes says. Who may have but part of the
 * host makes expressions of its own paths only, and of nothing beside its part.
 */
export function matchesOf(ruled: readonly Ruled[], inspect: Options["inspect"], report: Report): Matched[] {
  if (!ruled.some(isExpression)) return ruled.map((entry) => ({ ...entry, match: plainMatch(entry.claim) }));
  const widens = ruled.some((entry) => isExpression(entry) && entry.claim.within === undefined);
  if (!widens) return besideExpressions(ruled, inspect, report);
  const exact = new Set(ruled.filter(({ claim }) => claim.type === "exact").map(({ claim }) => claim.path));
  // A stable sort: of equal paths, the claim that came first stays first.
  return ruled.toSorted(byLength).flatMap((entry) => withPattern(entry, patternOf(entry, exact, inspect, report)));
}

/** Paths that stay what they are in a host that has expressions: exact ones first, then the longest. */
function besideExpressions(ruled: readonly Ruled[], inspect: Options["inspect"], report: Report): Matched[] {
  const plain = ruled.filter((entry) => !isExpression(entry));
  const prefixes = new Set(
    plain.filter(({ claim }) => claim.type === "prefix").map(({ claim }) => decodePath(claim.path)),
  );
  const isExact = (entry: Ruled) => entry.claim.type === "exact" && !isExpression(entry);
  const length = (entry: Ruled) => (isExpression(entry) ? entry.claim.path : decodePath(entry.claim.path)).length;
  return ruled
    .toSorted((a, b) => Number(isExact(b)) - Number(isExact(a)) || length(b) - length(a) || byLength(a, b))
    .flatMap((entry) =>
      withPattern(
        entry,
        isExpression(entry) ? patternOf(entry, new Set(), inspect, report) : plainExpression(entry.claim, prefixes),
      ),
    );
}

function withPattern(entry: Ruled, pattern: string | undefined): Matched[] {
  if (pattern === undefined) return [];
  return [{ ...entry, match: { type: "regex", pattern: fenced(pattern, entry.claim.within) } }];
}

/** use-regex, or a rewrite that is not the one of before 2018, which knew no expressions. */
function isExpression({ claim, settings }: Ruled): boolean {
  const usesRegex = claim.owner.read.values.rewrite["use-regex"] === true && !claim.without.includes("rewrite");
  return usesRegex || (settings.rewrite !== undefined && settings.rewrite.type !== "prefix");
}

function byLength(a: Ruled, b: Ruled): number {
  return b.claim.path.length - a.claim.path.length || compareText(b.claim.path, a.claim.path);
}

function plainMatch({ type, path }: Claim): PathMatch {
  return { type, path: decodePath(path) };
}

function patternOf(
  { claim, settings }: Ruled,
  exact: ReadonlySet<string>,
  inspect: Options["inspect"],
  report: Report,
): string | undefined {
  if (settings.rewrite?.type === "prefix") return literalExpression(decodePath(claim.path));
  const own = isExpression({ claim, settings });
  // ingress-nginx splits a plain prefix into itself and what lies below; an exact path of the same text takes the former.
  const below = !own && claim.type === "prefix" && exact.has(claim.path) && !claim.path.endsWith("/") ? "/" : "";
  const expression = expressionOf(claim.path + below, inspect);
  if (expression.ok) return expression.value;
  if (!own) return openExpression(claim.path + below); // it was never meant to be one
  const problem = `${claim.path} cannot be matched: ${expression.problem}`;
  report(
    "ExpressionRefused",
    { ...claim.subject, field: `${claim.subject.field}.path` },
    problem,
    "write it more simply",
  );
  return undefined;
}
