import { CAPTURE_REFERENCE } from "../../src/rules/policies/rewrite.ts";
import type { Finding } from "./finding.ts";
import {
  buildLocation,
  buildSampleUrl,
  type IndexedHost,
  type IndexedIngress,
  type IndexedPath,
  type IngressIndex,
  isLiteralPath,
} from "./ingress-index.ts";

const LEGACY_PREFIX = "ingress.kubernetes.io/";
const REGEX_CHARACTERS = /[()[\]{}*+?|^$\\]/;

/** What an Ingress relies on that its author may not know. */
export function findIngressQuirks(indexedIngress: IndexedIngress, { hosts }: IngressIndex): Finding[] {
  return [
    ...indexedIngress.paths.flatMap(checkRewriteWithoutGroups),
    ...checkLegacyRewrite(indexedIngress),
    ...checkLegacyPrefix(indexedIngress),
    ...checkMissingPathType(indexedIngress),
    ...indexedIngress.paths.flatMap((path) => checkRegexCharacters(path, hosts)),
    ...checkForwardedPrefixFlag(indexedIngress),
  ];
}

/** Since ingress-nginx 0.22 a target without groups is where every URL of the path goes. */
function checkRewriteWithoutGroups(indexedPath: IndexedPath): Finding[] {
  const { rewrite } = indexedPath.route.policies;
  if (rewrite?.type !== "replace" || rewrite.target.search(CAPTURE_REFERENCE) >= 0) return [];
  const message = `rewrite-target ${rewrite.target} has no groups, so all that ${indexedPath.path} takes goes to this one path`;
  const sampleUrl = isLiteralPath(indexedPath.path) && { url: buildUrlBelow(indexedPath) };
  const base = {
    ...buildLocation(indexedPath.ingress, `${indexedPath.field}.path`),
    rule: "rewrite-without-groups",
    kind: "note" as const,
  };
  return [{ ...base, message, ...sampleUrl }];
}

function checkLegacyRewrite({ ingress, paths }: IndexedIngress): Finding[] {
  const indexedPath = paths.find(({ route }) => route.policies.rewrite?.type === "prefix");
  if (!indexedPath) return [];
  const field = `metadata.annotations[${LEGACY_PREFIX}rewrite-target]`;
  const message = "under the prefix of before 2018 the target replaces what the path matched, and the rest is kept";
  const url = buildUrlBelow(indexedPath);
  const sampleResponses = isLiteralPath(indexedPath.path) && {
    url,
    nginx: `${indexedPath.route.backend}, not rewritten`,
  };
  return [{ ...buildLocation(ingress, field), rule: "legacy-rewrite", kind: "different", message, ...sampleResponses }];
}

function checkLegacyPrefix({ ingress }: IndexedIngress): Finding[] {
  const keys = Object.keys(ingress.annotations).filter((key) => key.startsWith(LEGACY_PREFIX));
  if (keys.length === 0) return [];
  const message = `read here; ingress-nginx has read ${LEGACY_PREFIX} only with --annotations-prefix since 2017`;
  return keys.map((key) => ({
    ...buildLocation(ingress, `metadata.annotations[${key}]`),
    rule: "legacy-prefix",
    kind: "different",
    message,
  }));
}

/** Only before networking.k8s.io/v1 could it be left out. */
function checkMissingPathType({ ingress, paths }: IndexedIngress): Finding[] {
  const indexedPath = paths.find(({ pathType, path }) => !pathType && path !== "/");
  if (!indexedPath) return [];
  const message = "no pathType: read as Prefix, as in ingress-nginx since 0.32; before, /foo took /foobar too";
  const base = {
    ...buildLocation(ingress, `${indexedPath.field}.pathType`),
    rule: "missing-path-type",
    kind: "note" as const,
  };
  const sampleUrl = isLiteralPath(indexedPath.path) && {
    url: buildSampleUrl(indexedPath, `${indexedPath.path.replace(/\/$/, "")}bar`),
  };
  return [{ ...base, message, ...sampleUrl }];
}

function checkRegexCharacters(indexedPath: IndexedPath, hosts: readonly IndexedHost[]): Finding[] {
  const { path, pathType, ingress, field, host } = indexedPath;
  if (!REGEX_CHARACTERS.test(path)) return [];
  const hostUsesRegex = hosts.some(({ rules, hasRegex }) => rules.host === host && hasRegex);
  if (!hostUsesRegex) {
    const message = `${path} looks like an expression, but nothing makes it one: it is taken as it is written; use-regex would`;
    return [{ ...buildLocation(ingress, `${field}.path`), rule: "regex-not-enabled", kind: "note", message }];
  }
  if (pathType !== "Prefix" && pathType !== "Exact") return [];
  const message = `${path} is an expression with pathType ${pathType}, which ingress-nginx's strict-validate-path-type refuses; ImplementationSpecific is meant`;
  return [{ ...buildLocation(ingress, `${field}.pathType`), rule: "regex-path-type", kind: "note", message }];
}

/** Until 0.24 x-forwarded-prefix was a flag. */
function checkForwardedPrefixFlag({ ingress }: IndexedIngress): Finding[] {
  const key = "nginx.ingress.kubernetes.io/x-forwarded-prefix";
  const value = ingress.annotations[key];
  if (value !== "true" && value !== "false") return [];
  const message = `"${value}" was a flag until ingress-nginx 0.24; since then the header has just that value: write the prefix itself`;
  return [
    {
      ...buildLocation(ingress, `metadata.annotations[${key}]`),
      rule: "forwarded-prefix-not-boolean",
      kind: "note",
      message,
    },
  ];
}

function buildUrlBelow(indexedPath: IndexedPath): string {
  return buildSampleUrl(indexedPath, `${indexedPath.path.replace(/\/$/, "")}/x`);
}
