import { stripAnnotationPrefix } from "../../compile/select/annotation-catalog.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, buildSampleUrl, type IndexedHost, type IndexedPath, isLiteralPath } from "./object-index.ts";

/** Finds paths that match unexpected requests, or that behave differently from ingress-nginx. */
export function findHostQuirks(host: IndexedHost): Finding[] {
  if (!host.hasRegex) return host.paths.flatMap((path) => checkSlashRedirect(path, host));
  const regexPath = host.paths.find(({ isRegex }) => isRegex);
  const literalPaths = host.paths.filter(({ path }) => isLiteralPath(path));
  return [
    ...(regexPath ? checkRegexScope(regexPath, host) : []),
    ...literalPaths.flatMap((path) => [...checkOpenEnd(path, host), ...checkDotWildcard(path, host)]),
    ...[...new Set(literalPaths.map(({ owner }) => owner))].flatMap((owner) => {
      const ingressPaths = literalPaths.filter((indexedPath) => indexedPath.owner === owner);
      return ingressPaths.flatMap((indexedPath) => checkIgnoredCase(indexedPath, host)).slice(0, 1);
    }),
  ];
}

/** ingress-nginx redirects `/foo` to `/foo/` if only the latter is a path. The Ingress specification has no such rule. */
function checkSlashRedirect(indexedPath: IndexedPath, { paths }: IndexedHost): Finding[] {
  const { path, owner, field } = indexedPath;
  const pathWithoutSlash = path.slice(0, -1);
  if (!path.endsWith("/") || pathWithoutSlash === "" || paths.some((other) => other.path === pathWithoutSlash))
    return [];
  const url = buildSampleUrl(indexedPath, pathWithoutSlash);
  const message = `ingress-nginx redirects ${pathWithoutSlash} to ${path}; the edge follows the Ingress specification and does not`;
  const base = {
    ...buildLocation(owner, `${field}.path`),
    rule: "slash-redirect" as const,
    kind: "different" as const,
  };
  return [{ ...base, message, url, nginx: `301 ${url}/` }];
}

function checkRegexScope(regexPath: IndexedPath, host: IndexedHost): Finding[] {
  const otherPaths = host.paths.filter(({ owner, isRegex }) => owner !== regexPath.owner && !isRegex);
  if (otherPaths.length === 0) return [];
  const names = [...new Set(otherPaths.map(({ owner }) => `${owner.namespace}/${owner.name}`))].join(", ");
  const examplePath = otherPaths.find(({ path }) => isLiteralPath(path) && !path.endsWith("/"));
  const message = `turns every path of ${regexPath.host} into a case-insensitive, open-ended regex, also the paths of ${names}`;
  const base = {
    ...buildLocation(regexPath.owner, findRegexField(regexPath)),
    rule: "regex-applies-to-host" as const,
    kind: "note" as const,
  };
  return [{ ...base, message, ...(examplePath && findUrlBelow(examplePath, host)) }];
}

function findRegexField({ owner, regexAnnotation: annotationName }: IndexedPath): string {
  const key = Object.keys(owner.annotations).find((candidate) => stripAnnotationPrefix(candidate) === annotationName);
  return `metadata.annotations[${key ?? annotationName}]`;
}

/** nginx anchors a regex only at its start. On such a host, this also holds for Exact and Prefix paths. */
function checkOpenEnd(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const { path, pathType, owner, field } = indexedPath;
  const isExact = pathType === "Exact";
  if (path.endsWith("/") && !isExact) return [];
  const message = `${isExact ? "Exact" : "Prefix"} path ${path} matches every path that starts with it, because its host has regex paths`;
  const rule = isExact ? "exact-matches-longer-paths" : "prefix-matches-partial-segment";
  return requireUrl({
    ...buildLocation(owner, `${field}.path`),
    rule,
    kind: "note",
    message,
    ...findUrlBelow(indexedPath, host),
  });
}

function checkDotWildcard(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const { path, owner, field } = indexedPath;
  if (!path.includes(".")) return [];
  const message = `the dot in ${path} matches any character, because its host has regex paths`;
  const base = { ...buildLocation(owner, `${field}.path`), rule: "dot-is-wildcard" as const, kind: "note" as const };
  return requireUrl({ ...base, message, ...findDistinctUrl(indexedPath, host, [path.replaceAll(".", "x")]) });
}

function checkIgnoredCase(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const { path, owner, field } = indexedPath;
  if (!/[a-z]/i.test(path)) return [];
  const message = `all paths of ${indexedPath.host} are case-insensitive, because the host has regex paths`;
  const otherCasePath = path === path.toUpperCase() ? path.toLowerCase() : path.toUpperCase();
  const base = { ...buildLocation(owner, `${field}.path`), rule: "case-insensitive" as const, kind: "note" as const };
  return requireUrl({ ...base, message, ...findDistinctUrl(indexedPath, host, [otherCasePath]) });
}

/** Drops a finding without a sample URL, because no request shows it. */
function requireUrl(finding: Finding): Finding[] {
  return finding.url === undefined ? [] : [finding];
}

function findUrlBelow(indexedPath: IndexedPath, host: IndexedHost): Pick<Finding, "url"> {
  return findDistinctUrl(
    indexedPath,
    host,
    ["bar", "-and-more", "0"].map((suffix) => indexedPath.path + suffix),
  );
}

/** Returns a URL of the first of `paths` that matches this path, and not another path of the host. */
function findDistinctUrl(
  indexedPath: IndexedPath,
  { matchPath }: IndexedHost,
  paths: readonly string[],
): Pick<Finding, "url"> {
  const samplePath = paths.find((path) => matchPath(path) === indexedPath.route);
  return samplePath === undefined ? {} : { url: buildSampleUrl(indexedPath, samplePath) };
}
