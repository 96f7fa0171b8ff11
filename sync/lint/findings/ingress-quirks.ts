import { findFixedTarget } from "../../../src/rules/policies/rewrite.ts";
import { keepsPrefix } from "../../compile/hosts/regex-policies.ts";
import type { Finding } from "./finding.ts";
import {
  buildLocation,
  buildSampleUrl,
  findSampleUrl,
  type IndexedHost,
  type IndexedObject,
  type IndexedPath,
  isLiteralPath,
  type ObjectIndex,
} from "./object-index.ts";

const LEGACY_PREFIX = "ingress.kubernetes.io/";
const REGEX_CHARACTERS = /[()[\]{}*+?|^$\\]/;

/** Finds behavior of an Ingress that its author may not expect. */
export function findIngressQuirks(indexedObject: IndexedObject, { hosts }: ObjectIndex): Finding[] {
  return [
    ...indexedObject.paths.flatMap(checkRewriteWithoutGroups),
    ...checkLegacyRewrite(indexedObject),
    ...checkLegacyPrefix(indexedObject),
    ...checkMissingPathType(indexedObject),
    ...indexedObject.paths.flatMap((path) => checkRegexCharacters(path, hosts)),
    ...checkForwardedPrefixFlag(indexedObject),
  ];
}

/** Since ingress-nginx 0.22, a target without groups replaces every URL of the path. */
function checkRewriteWithoutGroups(indexedPath: IndexedPath): Finding[] {
  const target = findFixedTarget(indexedPath.route.policies);
  if (target === undefined) return [];
  const message = `rewrite-target ${target} has no groups: every request that matches ${indexedPath.path} is rewritten to this path`;
  const sampleUrl = isLiteralPath(indexedPath.path) ? { url: buildUrlBelow(indexedPath) } : findSampleUrl(indexedPath);
  const base = {
    ...buildLocation(indexedPath.owner, `${indexedPath.field}.path`),
    rule: "rewrite-without-groups" as const,
    kind: "note" as const,
  };
  return [{ ...base, message, ...sampleUrl }];
}

function checkLegacyRewrite({ owner, paths }: IndexedObject): Finding[] {
  const indexedPath = paths.find(({ route }) => keepsPrefix(route.policies));
  if (!indexedPath) return [];
  const field = `metadata.annotations[${LEGACY_PREFIX}rewrite-target]`;
  const message =
    "with this annotation prefix from before 2018, the target replaces the matched part and keeps the rest of the path";
  const url = buildUrlBelow(indexedPath);
  const sampleResponses = isLiteralPath(indexedPath.path) && {
    url,
    nginx: `${indexedPath.route.backend}, not rewritten`,
  };
  return [{ ...buildLocation(owner, field), rule: "legacy-rewrite", kind: "different", message, ...sampleResponses }];
}

function checkLegacyPrefix({ owner }: IndexedObject): Finding[] {
  const keys = Object.keys(owner.annotations).filter((key) => key.startsWith(LEGACY_PREFIX));
  if (keys.length === 0) return [];
  const message = `edgress reads ${LEGACY_PREFIX}; since 2017, ingress-nginx reads it only with --annotations-prefix`;
  return keys.map((key) => ({
    ...buildLocation(owner, `metadata.annotations[${key}]`),
    rule: "legacy-prefix" as const,
    kind: "different",
    message,
  }));
}

/** The pathType was optional before networking.k8s.io/v1. */
function checkMissingPathType({ owner, paths }: IndexedObject): Finding[] {
  const indexedPath = paths.find(({ pathType, path }) => !pathType && path !== "/");
  if (!indexedPath) return [];
  const message =
    "pathType is missing: the default is Prefix, as in ingress-nginx since 0.32. In earlier versions, /foo also matched /foobar";
  const base = {
    ...buildLocation(owner, `${indexedPath.field}.pathType`),
    rule: "missing-path-type" as const,
    kind: "note" as const,
  };
  const sampleUrl = isLiteralPath(indexedPath.path) && {
    url: buildSampleUrl(indexedPath, `${indexedPath.path.replace(/\/$/, "")}bar`),
  };
  return [{ ...base, message, ...sampleUrl }];
}

function checkRegexCharacters(indexedPath: IndexedPath, hosts: readonly IndexedHost[]): Finding[] {
  const { path, pathType, owner, field, host } = indexedPath;
  if (!REGEX_CHARACTERS.test(path)) return [];
  if (path.endsWith("/*")) return [describeGlobPath(indexedPath)];
  const hostUsesRegex = hosts.some(({ rules, hasRegex }) => rules.host === host && hasRegex);
  if (!hostUsesRegex) {
    const message = `path ${path} looks like a regex, but matches literally`;
    const remedy = "set use-regex to enable it";
    return [{ ...buildLocation(owner, `${field}.path`), rule: "regex-not-enabled", kind: "note", message, remedy }];
  }
  if (pathType !== "Prefix" && pathType !== "Exact") return [];
  const message = `path ${path} is a regex with pathType ${pathType}, which strict-validate-path-type of ingress-nginx rejects`;
  const remedy = "set ImplementationSpecific";
  return [{ ...buildLocation(owner, `${field}.pathType`), rule: "regex-path-type", kind: "note", message, remedy }];
}

/** The load balancers of AWS and Google Cloud match `/api/*` by its beginning. */
function describeGlobPath({ path, owner, field }: IndexedPath): Finding {
  const prefix = path.slice(0, -2) || "/";
  const message = `path ${path} has the wildcard of AWS and Google Cloud, which is not one here`;
  const remedy = `set ${prefix} with pathType Prefix`;
  return { ...buildLocation(owner, `${field}.path`), rule: "glob-path", kind: "note", message, remedy };
}

/** x-forwarded-prefix was a boolean before ingress-nginx 0.24. */
function checkForwardedPrefixFlag({ owner }: IndexedObject): Finding[] {
  const key = "nginx.ingress.kubernetes.io/x-forwarded-prefix";
  const value = owner.annotations[key];
  if (value !== "true" && value !== "false") return [];
  const message = `"${value}" was a boolean before ingress-nginx 0.24; now it is the header's value`;
  return [
    {
      ...buildLocation(owner, `metadata.annotations[${key}]`),
      rule: "forwarded-prefix-not-boolean" as const,
      kind: "note",
      message,
      remedy: "set the prefix",
    },
  ];
}

function buildUrlBelow(indexedPath: IndexedPath): string {
  return buildSampleUrl(indexedPath, `${indexedPath.path.replace(/\/$/, "")}/x`);
}
