import { buildCanaryRules } from "./canary-rules.ts";
import type { ConvertedPath, ConvertibleIngress } from "./convertible-ingress.ts";
import { buildAppRootFilter, HTTPS_REDIRECT } from "./redirect-filter.ts";
import type { FilterManifest, MatchManifest, RuleManifest } from "./route-manifest.ts";
import type { Canary } from "./select-convertible.ts";

const ACME_CHALLENGE_PATH = "/.well-known/acme-challenge";

/** Returns the rules for the paths of a host. */
export function buildRouteRules(
  { converted }: ConvertibleIngress,
  paths: readonly ConvertedPath[],
  isRegexHost: boolean,
  findCanary: (path: ConvertedPath) => Canary | undefined,
): readonly RuleManifest[] {
  const { filters, redirect, appRoot } = converted;
  const keepsPrefix = filters.some(replacesPrefix);
  const rules = paths.flatMap((path): readonly RuleManifest[] => {
    const matches = [isRegexHost && !keepsPrefix ? buildRegexMatch(path) : path.match];
    if (redirect) return [{ matches, filters: [...filters.filter(isCors), redirect] }];
    const rule = { matches, ...(filters.length > 0 && { filters }), backendRefs: [path.backend] };
    const canary = findCanary(path);
    if (!canary) return [rule];
    const { values } = canary.ingress.converted;
    return buildCanaryRules(rule, path.backend, canary.path.backend, values.canary);
  });
  return appRoot === undefined ? rules : [buildAppRootRule(appRoot), ...rules.filter(isNotRoot)];
}

/** Returns the rules for http of a host that redirects to https. */
export function buildHttpRules(rules: readonly RuleManifest[]): readonly RuleManifest[] {
  const redirects = new Map<string, RuleManifest>();
  for (const rule of rules) {
    const isRedirected = rule.backendRefs && !rule.matches.some(({ path }) => path.value.includes(ACME_CHALLENGE_PATH));
    const matches = rule.matches.map(({ path }) => ({ path }));
    const httpRule = isRedirected ? { matches, filters: [HTTPS_REDIRECT] } : rule;
    redirects.set(JSON.stringify(httpRule), httpRule);
  }
  return [...redirects.values()];
}

function buildAppRootRule(path: string): RuleManifest {
  return { matches: [{ path: { type: "Exact", value: "/" } }], filters: [buildAppRootFilter(path)] };
}

/** The redirect of app-root comes before an Exact path /. */
function isNotRoot({ matches }: RuleManifest): boolean {
  return !matches.some(({ path }) => path.type === "Exact" && path.value === "/");
}

function isCors({ type }: FilterManifest): boolean {
  return type === "CORS";
}

function buildRegexMatch({ regex }: ConvertedPath): MatchManifest {
  return { path: { type: "RegularExpression", value: regex } };
}

function replacesPrefix(filter: FilterManifest): boolean {
  return JSON.stringify(filter).includes('"replacePrefixMatch"');
}
