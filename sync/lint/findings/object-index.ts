import { PLAIN_REQUEST } from "../../../src/match/request-values.ts";
import { buildRouteTable, findRoute } from "../../../src/match/route-table.ts";
import { CATCH_ALL_HOST, listHostCandidates } from "../../../src/rules/hosts.ts";
import { normalizePath } from "../../../src/rules/paths.ts";
import { redirectsToHttps } from "../../../src/rules/policies/ssl-redirect.ts";
import type { HostRules, Route, Rules } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import type { Cluster, Ingress } from "../../collect/cluster-model.ts";
import type { HttpRoute } from "../../collect/gateway/http-route-model.ts";
import { formatOwner } from "../../compile/claims/claims.ts";
import { readGatewayController } from "../../compile/gateway/read-gateways.ts";
import { buildOwner } from "../../compile/gateway/rules/route-owner.ts";
import { findRegexAnnotation, isRegexPath } from "../../compile/hosts/regex-policies.ts";
import type { ParsedAnnotations } from "../../compile/model.ts";
import type { Options } from "../../compile/options.ts";
import type { CatalogEntry } from "../../compile/select/annotation-catalog.ts";
import { readAnnotations } from "../../compile/select/annotations.ts";
import { selectIngresses } from "../../compile/select/ingress-class.ts";
import { type OwnGatewayObjects, selectOwnGatewayObjects } from "../input/own-gateway-objects.ts";
import type { Finding } from "./finding.ts";
import { type CompiledPath, indexRoutePath, isServedRoute, type MatchRequest, type RouteHost } from "./route-paths.ts";
import { encodeSamplePath, findSamplePath } from "./sample-path.ts";

/** A selected Ingress or HTTPRoute, with its parsed annotations and compiled paths. */
export interface IndexedObject {
  /** An HTTPRoute as the owner of claims: without its rules, which are in `httpRoute`. */
  readonly owner: Ingress;
  readonly httpRoute?: HttpRoute;
  readonly parsedAnnotations: ParsedAnnotations;
  readonly paths: readonly IndexedPath[];
}

/** A compiled path with the object that has it. */
export interface IndexedPath extends CompiledPath {
  readonly owner: Ingress;
}

export interface IndexedHost {
  readonly rules: HostRules;
  readonly sampleHost: string;
  /** The paths of Ingresses. */
  readonly paths: readonly IndexedPath[];
  /** The matches of HTTPRoutes. */
  readonly routePaths: readonly IndexedPath[];
  /** Whether one path of an Ingress is a regex. Then all paths are. */
  readonly hasRegex: boolean;
  /** Returns the route that matches a path in decoded spelling. */
  readonly matchPath: (path: string) => Route | undefined;
}

export interface ObjectIndex {
  readonly ingresses: readonly IndexedObject[];
  readonly httpRoutes: readonly IndexedObject[];
  /** Ingresses and HTTPRoutes by the object of a finding: "Ingress namespace/name". */
  readonly byObject: ReadonlyMap<string, IndexedObject>;
  readonly hosts: readonly IndexedHost[];
  /** The Gateway API objects to check. */
  readonly gateway: OwnGatewayObjects;
}

/** Builds an index from Ingresses and HTTPRoutes to compiled routes. */
export function buildObjectIndex(cluster: Cluster, rules: Rules, options: Options): ObjectIndex {
  const gateway = selectOwnGatewayObjects(cluster.gateway, readGatewayController(options));
  const selectedIngresses = selectIngresses(cluster, options).map((owner) => ({ owner }));
  const selectedRoutes = gateway.httpRoutes.map((httpRoute) => ({ owner: buildOwner(httpRoute, () => {}), httpRoute }));
  const entries = [...selectedIngresses, ...selectedRoutes].map((entry) => ({
    ...entry,
    parsedAnnotations: readAnnotations(entry.owner, () => {}),
  }));
  const byName = new Map(entries.map((entry) => [formatOwner(entry.owner), entry]));
  const hostNames = new Set(rules.hosts.map(({ host }) => host));
  const hosts = rules.hosts.map((host) => indexHost(host, findSampleHost(host.host, hostNames), byName));
  const paths = hosts.flatMap((host) => [...host.paths, ...host.routePaths]);
  const pathsByOwner = Map.groupBy(paths, ({ owner }) => owner);
  const objects = entries.map((entry): IndexedObject => ({ ...entry, paths: pathsByOwner.get(entry.owner) ?? [] }));
  return {
    ingresses: objects.filter(({ httpRoute }) => !httpRoute),
    httpRoutes: objects.filter(({ httpRoute }) => httpRoute),
    byObject: new Map(objects.map((entry) => [formatOwner(entry.owner), entry])),
    hosts,
    gateway,
  };
}

/** Objects by their names in findings. */
type ByName = ReadonlyMap<string, Pick<IndexedObject, "owner" | "httpRoute" | "parsedAnnotations">>;

function indexHost(rules: HostRules, sampleHost: string, byName: ByName): IndexedHost {
  const table = buildRouteTable(rules);
  const matchRequest: MatchRequest = (path, source) => {
    const normalizedPath = normalizePath(encodeSamplePath(path));
    const routeMatch = normalizedPath === undefined ? undefined : findRoute(table, normalizedPath, source);
    return typeof routeMatch === "object" ? routeMatch.route : undefined;
  };
  const host = { rules, sampleHost, matchPath: (path: string) => matchRequest(path, PLAIN_REQUEST) };
  return {
    ...host,
    paths: rules.routes.flatMap((route) => indexPath(host, route, byName)),
    routePaths: rules.routes.flatMap((route) => indexMatch({ rules, sampleHost, matchRequest }, route, byName)),
    hasRegex: rules.routes.some(({ path }) => path.type === "regex"),
  };
}

/** Returns the match of an HTTPRoute that a route was compiled from. */
function indexMatch(host: RouteHost, route: Route, byName: ByName): IndexedPath[] {
  const entry = byName.get(parseRouteOwner(route.id));
  return entry?.httpRoute ? indexRoutePath(host, route, entry.httpRoute, entry.owner) : [];
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
  const entry = byName.get(`Ingress ${name}`);
  const ingressPath = entry?.owner.rules[Number(rule)]?.paths[Number(index)];
  if (!entry || !ingressPath) return [];
  const path = ingressPath.path || "/";
  return [
    {
      owner: entry.owner,
      field: `spec.rules[${rule}].http.paths[${index}]`,
      scope: `spec.rules[${rule}].http.paths[${index}]`,
      host,
      sampleHost,
      path,
      sampleQuery: "",
      samplePath: findSamplePath(path, route.path.type === "regex", (candidate) => matchPath(candidate) === route),
      pathType: ingressPath.pathType,
      route,
      isRegex: isRegexPath(entry.parsedAnnotations, route.policies),
      regexAnnotation: findRegexAnnotation(entry.parsedAnnotations, route.policies),
      isServed: isServedRoute(route, policies),
    },
  ];
}

/** Returns the location of a finding in an Ingress or HTTPRoute. */
export function buildLocation(owner: Ingress, field: string): Pick<Finding, "object" | "field" | "source"> {
  return { object: formatOwner(owner), field, source: owner.source };
}

/** Returns a URL that is not redirected to https, for a path in decoded spelling. */
export function buildSampleUrl(
  { sampleHost, route }: Pick<IndexedPath, "sampleHost" | "route">,
  path: string,
  query = "",
): string {
  const scheme = route.when?.scheme ?? (redirectsToHttps(route.policies) ? "https" : "http");
  return `${scheme}://${sampleHost}${encodeSamplePath(path)}${query}`;
}

/** Returns a URL that the route of a path matches, or no URL if no sample was found. */
export function findSampleUrl(indexedPath: IndexedPath): Pick<Finding, "url"> {
  const { samplePath, sampleQuery } = indexedPath;
  return samplePath === undefined ? {} : { url: buildSampleUrl(indexedPath, samplePath, sampleQuery) };
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
