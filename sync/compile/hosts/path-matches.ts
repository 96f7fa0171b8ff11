import { compareText } from "../../../src/rules/compare-text.ts";
import { decodePath } from "../../../src/rules/paths.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { PathMatch } from "../../../src/rules/snapshot.ts";
import type { Claim } from "../model.ts";
import type { HostCompilation } from "./host-compilation.ts";
import { buildOpenPrefixRegex, buildPathRegex, buildPrefixRegex } from "./regex.ts";
import { isRegexPath, keepsPrefix } from "./regex-policies.ts";
import { buildLiteralPathRegex, scopeRegex } from "./regex-scope.ts";

/** A claim with the settings of its policies: a route but for how its path is matched. */
export interface RouteDraft {
  readonly claim: Claim;
  readonly settings: PolicySettings;
}

export interface MatchedRoute extends RouteDraft {
  readonly match: PathMatch;
}

/**
 * How each path of a host is matched. As in ingress-nginx one expression makes all of the host's paths expressions:
 * without case, open-ended, the longest tried first. Otherwise they are as Kubernetes says. Who may have but part of the
 * host makes expressions of its own paths only, and of nothing beside its part.
 */
export function matchPaths(drafts: readonly RouteDraft[], compilation: HostCompilation): MatchedRoute[] {
  if (!drafts.some(usesRegex)) return drafts.map((draft) => ({ ...draft, match: buildLiteralMatch(draft.claim) }));
  const hasHostWideRegex = drafts.some((draft) => usesRegex(draft) && draft.claim.permit.type === "full");
  if (!hasHostWideRegex) return matchPathsBesideRegexes(drafts, compilation);
  const exactPaths = new Set(drafts.filter(({ claim }) => claim.type === "exact").map(({ claim }) => claim.path));
  // A stable sort: of equal paths, the claim that came first stays first.
  return drafts
    .toSorted(byLength)
    .flatMap((draft) => addRegexMatch(draft, buildPattern(draft, exactPaths, compilation)));
}

/** Paths that stay what they are in a host that has expressions: exact ones first, then the longest. */
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
        usesRegex(draft) ? buildPattern(draft, new Set(), compilation) : buildLiteralPathRegex(draft.claim, prefixes),
      ),
    );
}

function addRegexMatch(draft: RouteDraft, pattern: string | undefined): MatchedRoute[] {
  if (pattern === undefined) return [];
  return [{ ...draft, match: { type: "regex", pattern: scopeRegex(pattern, listPermittedPaths(draft.claim)) } }];
}

/** use-regex, or a rewrite that is not the one of before 2018, which knew no expressions. */
function usesRegex({ claim, settings }: RouteDraft): boolean {
  return isRegexPath(claim.owner.annotations, settings, claim.excludedPolicies);
}

function byLength(a: RouteDraft, b: RouteDraft): number {
  return b.claim.path.length - a.claim.path.length || compareText(b.claim.path, a.claim.path);
}

function buildLiteralMatch({ type, path }: Claim): PathMatch {
  return { type, path: decodePath(path) };
}

function buildPattern(
  { claim, settings }: RouteDraft,
  exactPaths: ReadonlySet<string>,
  { options: { inspect }, report }: HostCompilation,
): string | undefined {
  if (keepsPrefix(settings)) return buildPrefixRegex(decodePath(claim.path));
  const isRegex = usesRegex({ claim, settings });
  // ingress-nginx splits a plain prefix into itself and what lies below; an exact path of the same text takes the former.
  const suffix =
    !isRegex && claim.type === "prefix" && exactPaths.has(claim.path) && !claim.path.endsWith("/") ? "/" : "";
  const regex = buildPathRegex(claim.path + suffix, inspect);
  if (regex.ok) return regex.value;
  if (!isRegex) return buildOpenPrefixRegex(claim.path + suffix); // it was never meant to be one
  const problem = `${claim.path} cannot be matched: ${regex.problem}`;
  report("UnsafeRegex", { ...claim.subject, field: `${claim.subject.field}.path` }, problem, "write it more simply");
  return undefined;
}

function listPermittedPaths({ permit }: Claim): readonly string[] | undefined {
  return permit.type === "paths" ? permit.paths : undefined;
}
