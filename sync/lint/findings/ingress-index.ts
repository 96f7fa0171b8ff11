import { PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../../src/match/route-table.ts";
import { CATCH_ALL_HOST, listHostCandidates } from "../../../src/rules/hosts.ts";
import { normalizePath } from "../../../src/rules/paths.ts";
import { isClosed } from "../../../src/rules/policies/fail-closed.ts";
import { lacksBackend } from "../../../src/rules/policies/no-backend.ts";
import { redirectsToHttps } from "../../../src/rules/policies/ssl-redirect.ts";
import type { HostRules, Route, Rules } from "../../../src/rules/snapshot.ts";
import { type Cluster, type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { findRegexAnnotation, isRegexPath } from "../../compile/hosts/regex-policies.ts";
import type { ParsedAnnotations } from "../../compile/model.ts";
import type { Options } from "../../compile/options.ts";
import type { CatalogEntry } from "../../compile/select/annotation-catalog.ts";
import { readAnnotations } from "../../compile/select/annotations.ts";
import { selectIngresses } from "../../compile/select/ingress-class.ts";
import type { Finding } from "./finding.ts";
import { encodeSamplePath, findSamplePath } from "./sample-path.ts";

/** A selected Ingress, with its parsed annotations and compiled paths. */
export interface IndexedIngress {
  readonly ingress: Ingress;
  readonly parsedAnnotations: ParsedAnnotations;
  readonly paths: readonly IndexedPath[];
}

/** A path of an Ingress, and its route. */
export interface IndexedPath {
  readonly ingress: Ingress;
  readonly field: string;
  readonly host: string;
  /** A name that `host` matches. */
  readonly sampleHost: string;
  readonly path: string; // "/" by default
  /** A decoded path that a request can have to match the route; undefined if none was found. */
  readonly samplePath: string | undefined;
  readonly pathType: string | undefined;
  readonly route: Route;
  /** Whether the Ingress itself makes it a regex. Another Ingress of the host may do so too. */
  readonly isRegex: boolean;
  /** The annotation that makes it a regex; "" if none does. */
  readonly regexAnnotation: string;
  /** Whether the edge forwards requests of the path. */
  readonly isServed: boolean;
}

export interface IndexedHost {
  readonly rules: HostRules;
  readonly sampleHost: string;
  readonly paths: readonly IndexedPath[];
  /** Whether one path of the host is a regex. Then all paths are. */
  readonly hasRegex: boolean;
  /** Returns the route that matches a path in decoded spelling. */
  readonly matchPath: (path: string) => Route | undefined;
}

export interface IngressIndex {
  readonly ingresses: readonly IndexedIngress[];
  /** Ingresses by the object of a finding: "Ingress namespace/name". */
  readonly byObject: ReadonlyMap<string, IndexedIngress>;
  readonly hosts: readonly IndexedHost[];
}

/** Builds an index from Ingresses to compiled routes. */
export function buildIngressIndex(cluster: Cluster, rules: Rules, options: Options): IngressIndex {
  const selectedIngresses = selectIngresses(cluster, options).map((ingress) => ({
    ingress,
    parsedAnnotations: readAnnotations(ingress, () => {}),
  }));
  const byName = new Map(selectedIngresses.map((entry) => [nameOf(entry.ingress), entry]));
  const hostNames = new Set(rules.hosts.map(({ host }) => host));
  const hosts = rules.hosts.map((host) => indexHost(host, findSampleHost(host.host, hostNames), byName));
  const paths = hosts.flatMap((host) => host.paths);
  const pathsByIngress = Map.groupBy(paths, ({ ingress }) => ingress);
  const ingresses = selectedIngresses.map((entry) => ({ ...entry, paths: pathsByIngress.get(entry.ingress) ?? [] }));
  const byObject = new Map(ingresses.map((entry) => [buildLocation(entry.ingress, "").object, entry]));
  return { ingresses, byObject, hosts };
}

type ByName = ReadonlyMap<string, Pick<IndexedIngress, "ingress" | "parsedAnnotations">>;

function indexHost(rules: HostRules, sampleHost: string, byName: ByName): IndexedHost {
  const table = buildRouteTable(rules);
  const matchPath: IndexedHost["matchPath"] = (path) => {
    const normalizedPath = normalizePath(encodeSamplePath(path));
    const routeMatch = normalizedPath === undefined ? undefined : findRoute(table, normalizedPath, PLAIN_REQUEST);
    return typeof routeMatch === "object" ? routeMatch.route : undefined;
  };
  return {
    rules,
    sampleHost,
    paths: rules.routes.flatMap((route) => indexPath({ rules, sampleHost, matchPath }, route, byName)),
    hasRegex: rules.routes.some(({ path }) => path.type === "regex"),
    matchPath,
  };
}

/** Returns a name that only this host matches. A wildcard host and the catch-all host have many names. */
function findSampleHost(host: string, hostNames: ReadonlySet<string>): string {
  if (!host.startsWith("*")) return host;
  const suffix = host === CATCH_ALL_HOST ? ".example.com" : host.replace(/^\*+/, "");
  const names = ["any", "other", "another", "any-host"].flatMap((label) => [label + suffix, `${label}${suffix}.test`]);
  return names.find((name) => listHostCandidates(name).find((key) => hostNames.has(key)) === host) ?? `any${suffix}`;
}

function indexPath(
  { rules: { host, policies }, sampleHost, matchPath }: Pick<IndexedHost, "rules" | "sampleHost" | "matchPath">,
  route: Route,
  byName: ByName,
): IndexedPath[] {
  const [, name = "", rule, index] = /^(.*)#(\d+)\.(\d+)$/.exec(route.id) ?? [];
  const entry = byName.get(name);
  const ingressPath = entry?.ingress.rules[Number(rule)]?.paths[Number(index)];
  if (!entry || !ingressPath) return [];
  const path = ingressPath.path || "/";
  return [
    {
      ingress: entry.ingress,
      field: `spec.rules[${rule}].http.paths[${index}]`,
      host,
      sampleHost,
      path,
      samplePath: findSamplePath(path, route.path.type === "regex", (candidate) => matchPath(candidate) === route),
      pathType: ingressPath.pathType,
      route,
      isRegex: isRegexPath(entry.parsedAnnotations, route.policies),
      regexAnnotation: findRegexAnnotation(entry.parsedAnnotations, route.policies),
      isServed: !isClosed(policies) && !isClosed(route.policies) && !lacksBackend(route.policies),
    },
  ];
}

/** Returns the location of a finding in an Ingress. */
export function buildLocation(ingress: Ingress, field: string): Pick<Finding, "object" | "field" | "source"> {
  return { object: `Ingress ${nameOf(ingress)}`, field, source: ingress.source };
}

/** Returns a URL that is not redirected to https, for a path in decoded spelling. */
export function buildSampleUrl(
  { sampleHost, route }: Pick<IndexedPath, "sampleHost" | "route">,
  path: string,
  query = "",
): string {
  const scheme = redirectsToHttps(route.policies) ? "https" : "http";
  return `${scheme}://${sampleHost}${encodeSamplePath(path)}${query}`;
}

/** Returns a URL that the route of a path matches, or no URL if no sample was found. */
export function findSampleUrl(indexedPath: IndexedPath): Pick<Finding, "url"> {
  const { samplePath } = indexedPath;
  return samplePath === undefined ? {} : { url: buildSampleUrl(indexedPath, samplePath) };
}

/** Whether a path has no regex characters except dots. */
export function isLiteralPath(path: string): boolean {
  return /^[\w/.~!@%&=:,;'-]*$/.test(path);
}

/** Returns the parsed value of an annotation, if it is valid. */
export function findAnnotationValue(
  { values }: ParsedAnnotations,
  { policy, name }: Pick<CatalogEntry, "policy" | "name">,
): unknown {
  return values[policy.name][name];
}
