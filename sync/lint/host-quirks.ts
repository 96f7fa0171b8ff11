import { stripAnnotationPrefix } from "../compile/select/annotation-catalog.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, buildSampleUrl, type IndexedHost, type IndexedPath, isLiteralPath } from "./ingress-index.ts";

/** What a host's paths take beside what they seem to, or answer otherwise than in ingress-nginx. */
export function findHostQuirks(host: IndexedHost): Finding[] {
  if (!host.hasRegex) return host.paths.flatMap((path) => checkSlashRedirect(path, host));
  const regexPath = host.paths.find(({ isRegex }) => isRegex);
  const literalPaths = host.paths.filter(({ path }) => isLiteralPath(path));
  return [
    ...(regexPath ? checkRegexScope(regexPath, host) : []),
    ...literalPaths.flatMap((path) => [...checkOpenEnd(path, host), ...checkDotWildcard(path, host)]),
    ...[...new Set(literalPaths.map(({ ingress }) => ingress))].flatMap((ingress) => {
      const ingressPaths = literalPaths.filter((indexedPath) => indexedPath.ingress === ingress);
      return ingressPaths.flatMap((indexedPath) => checkIgnoredCase(indexedPath, host)).slice(0, 1);
    }),
  ];
}

/** ingress-nginx sends `/foo` to `/foo/` where only the latter is there; Kubernetes says nothing of the kind. */
function checkSlashRedirect(indexedPath: IndexedPath, { paths }: IndexedHost): Finding[] {
  const { path, ingress, field } = indexedPath;
  const pathWithoutSlash = path.slice(0, -1);
  if (!path.endsWith("/") || pathWithoutSlash === "" || paths.some((other) => other.path === pathWithoutSlash))
    return [];
  const url = buildSampleUrl(indexedPath, pathWithoutSlash);
  const message = `ingress-nginx sends ${pathWithoutSlash} to ${path} by redirect; the edge answers as Kubernetes says`;
  const base = { ...buildLocation(ingress, `${field}.path`), rule: "slash-redirect", kind: "different" as const };
  return [{ ...base, message, url, nginx: `301 ${url}/` }];
}

function checkRegexScope(regexPath: IndexedPath, host: IndexedHost): Finding[] {
  const otherPaths = host.paths.filter(({ ingress, isRegex }) => ingress !== regexPath.ingress && !isRegex);
  if (otherPaths.length === 0) return [];
  const names = [...new Set(otherPaths.map(({ ingress }) => `${ingress.namespace}/${ingress.name}`))].join(", ");
  const examplePath = otherPaths.find(({ path }) => isLiteralPath(path) && !path.endsWith("/"));
  const message = `makes every path of ${regexPath.host} an expression, without case and open-ended, those of ${names} too`;
  const base = {
    ...buildLocation(regexPath.ingress, findRegexAnnotation(regexPath)),
    rule: "regex-applies-to-host",
    kind: "note" as const,
  };
  return [{ ...base, message, ...(examplePath && findUrlBelow(examplePath, host)) }];
}

function findRegexAnnotation({ ingress, route }: IndexedPath): string {
  const annotationName = route.policies.rewrite ? "rewrite-target" : "use-regex";
  const key = Object.keys(ingress.annotations).find((candidate) => stripAnnotationPrefix(candidate) === annotationName);
  return `metadata.annotations[${key ?? annotationName}]`;
}

/** In nginx an expression is anchored at its start only, and Exact and Prefix are no more than that. */
function checkOpenEnd(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const { path, pathType, ingress, field } = indexedPath;
  const isExact = pathType === "Exact";
  if (path.endsWith("/") && !isExact) return [];
  const message = `${isExact ? "Exact" : "Prefix"} ${path} takes all that begins with it, since its host has expressions`;
  const rule = isExact ? "exact-matches-longer-paths" : "prefix-matches-partial-segment";
  return requireUrl({
    ...buildLocation(ingress, `${field}.path`),
    rule,
    kind: "note",
    message,
    ...findUrlBelow(indexedPath, host),
  });
}

function checkDotWildcard(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const { path, ingress, field } = indexedPath;
  if (!path.includes(".")) return [];
  const message = `the dot in ${path} stands for any character, since its host has expressions`;
  const base = { ...buildLocation(ingress, `${field}.path`), rule: "dot-is-wildcard", kind: "note" as const };
  return requireUrl({ ...base, message, ...findDistinctUrl(indexedPath, host, [path.replaceAll(".", "x")]) });
}

function checkIgnoredCase(indexedPath: IndexedPath, host: IndexedHost): Finding[] {
  const { path, ingress, field } = indexedPath;
  if (!/[a-z]/i.test(path)) return [];
  const message = `upper and lower case are the same in all paths of ${indexedPath.host}, since it has expressions`;
  const otherCasePath = path === path.toUpperCase() ? path.toLowerCase() : path.toUpperCase();
  const base = { ...buildLocation(ingress, `${field}.path`), rule: "case-insensitive", kind: "note" as const };
  return requireUrl({ ...base, message, ...findDistinctUrl(indexedPath, host, [otherCasePath]) });
}

/** What no URL shows is as good as not there. */
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

/** A URL of the first of `paths` that this path takes, and no other of its host. */
function findDistinctUrl(
  indexedPath: IndexedPath,
  { matchPath }: IndexedHost,
  paths: readonly string[],
): Pick<Finding, "url"> {
  const samplePath = paths.find((path) => matchPath(path) === indexedPath.route);
  return samplePath === undefined ? {} : { url: buildSampleUrl(indexedPath, samplePath) };
}
