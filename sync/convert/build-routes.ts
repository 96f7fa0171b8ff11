import { CATCH_ALL_HOST } from "../../src/rules/hosts.ts";
import { readFurtherHosts } from "../../src/rules/policies/from-to-www.ts";
import { buildHttpRules, buildRouteRules } from "./build-rules.ts";
import type { ConvertedPath, ConvertibleIngress } from "./convertible-ingress.ts";
import { buildHostRedirect } from "./redirect-filter.ts";
import type { MatchManifest, ParentManifest, RouteManifest, RuleManifest } from "./route-manifest.ts";
import type { ConvertibleIngresses } from "./select-convertible.ts";

const MAX_RULES = 16;
const MAX_HOSTNAMES = 16;
const WWW = "www.";
const ROOT: MatchManifest = { path: { type: "PathPrefix", value: "/" } };

/** The Gateway of the routes. */
export interface GatewayName {
  readonly namespace: string;
  readonly name: string;
}

/** What the routes of an Ingress depend on, besides the Ingress. */
export interface RouteContext {
  readonly gateway: GatewayName;
  readonly findCanary: ConvertibleIngresses["findCanary"];
  /** Hosts with spec.tls in one of their Ingresses. */
  readonly tlsHosts: ReadonlySet<string>;
  /** Hosts with a regex path. All of their paths are regexes. */
  readonly regexHosts: ReadonlySet<string>;
  /** Further names of hosts, which serve the paths of all Ingresses of the host. */
  readonly aliasesByHost: ReadonlyMap<string, readonly string[]>;
  /** Hosts that an Ingress has, so that no redirect or alias may take them. */
  readonly hosts: ReadonlySet<string>;
  /** Whether an Ingress sets the response for unmatched paths of a host. */
  readonly hasDefaultBackend: (entry: ConvertibleIngress, host: string) => boolean;
}

interface HostRoute {
  readonly hostnames: readonly string[];
  readonly section?: "http" | "https";
  readonly rules: readonly RuleManifest[];
}

/** Returns the HTTPRoutes of an Ingress. Hosts with the same rules share a route. */
export function buildRoutes(entry: ConvertibleIngress, context: RouteContext): readonly RouteManifest[] {
  const { name, namespace } = entry.ingress;
  const { annotations } = entry.converted;
  const parts = listHostRoutes(entry, context).flatMap(splitRoute);
  return parts.map(({ hostnames, section, rules }, index): RouteManifest => {
    // A redirect comes before all guards of an Ingress.
    const hasAnnotations = Object.keys(annotations).length > 0 && rules.some(({ backendRefs }) => backendRefs);
    return {
      apiVersion: "gateway.networking.k8s.io/v1",
      kind: "HTTPRoute",
      metadata: {
        name: index === 0 ? name : `${name}-${index + 1}`,
        namespace,
        ...(hasAnnotations && { annotations }),
      },
      spec: {
        parentRefs: [buildParent(context.gateway, section)],
        ...(hostnames.length > 0 && { hostnames }),
        rules,
      },
    };
  });
}

function buildParent({ name, namespace }: GatewayName, sectionName: HostRoute["section"]): ParentManifest {
  return { name, namespace, ...(sectionName && { sectionName }) };
}

function listHostRoutes(entry: ConvertibleIngress, context: RouteContext): readonly HostRoute[] {
  const { pathsByHost, ingress } = entry;
  const hosts = pathsByHost.size === 0 && entry.defaultBackend ? [CATCH_ALL_HOST] : [...pathsByHost.keys()];
  const routes = hosts.flatMap((host) => buildHostRoutes(entry, host, pathsByHost.get(host) ?? [], context));
  const bySettings = Map.groupBy(routes, ({ section, rules }) => JSON.stringify([section, rules]));
  const merged = [...bySettings.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ ...first, hostnames: group.flatMap(({ hostnames }) => hostnames) }] : [];
  });
  return ingress.rules.length === 0 && !entry.defaultBackend ? [] : merged;
}

function buildHostRoutes(
  entry: ConvertibleIngress,
  host: string,
  ownPaths: readonly ConvertedPath[],
  { findCanary, tlsHosts, regexHosts, aliasesByHost, hosts, hasDefaultBackend }: RouteContext,
): readonly HostRoute[] {
  const { converted, defaultBackend } = entry;
  const paths =
    defaultBackend && hasDefaultBackend(entry, host)
      ? [...ownPaths, { match: ROOT, regex: "(?i)/.*", backend: defaultBackend }]
      : ownPaths;
  if (paths.length === 0) return [];
  const rules = buildRouteRules(entry, paths, regexHosts.has(host), (path) => findCanary(entry, host, path));
  const { redirectsWww } = readFurtherHosts(converted.values);
  const wwwRoutes = redirectsWww ? buildWwwRoutes(host, hosts) : [];
  const names = [host, ...(aliasesByHost.get(host) ?? [])];
  const redirectsHttp = (name: string) =>
    converted.httpsRedirect === "always" || (converted.httpsRedirect === "with-certificate" && tlsHosts.has(name));
  return [...names.flatMap((name) => buildSchemeRoutes(name, rules, redirectsHttp(name))), ...wwwRoutes];
}

function buildSchemeRoutes(name: string, rules: readonly RuleManifest[], redirectsHttp: boolean): readonly HostRoute[] {
  const hostnames = name === CATCH_ALL_HOST ? [] : [name];
  if (!redirectsHttp) return [{ hostnames, rules }];
  return [
    { hostnames, section: "https", rules },
    { hostnames, section: "http", rules: buildHttpRules(rules) },
  ];
}

function buildWwwRoutes(host: string, hosts: ReadonlySet<string>): readonly HostRoute[] {
  if (host.startsWith("*")) return [];
  const other = host.startsWith(WWW) ? host.slice(WWW.length) : WWW + host;
  if (hosts.has(other)) return [];
  return [{ hostnames: [other], rules: [{ matches: [ROOT], filters: [buildHostRedirect(host)] }] }];
}

/** Splits a route at the limits of the API server. */
function splitRoute({ hostnames, rules, ...route }: HostRoute): readonly HostRoute[] {
  const hostParts = hostnames.length === 0 ? [[]] : chunk(hostnames, MAX_HOSTNAMES);
  return hostParts.flatMap((part) =>
    chunk(rules, MAX_RULES).map((some) => ({ ...route, hostnames: part, rules: some })),
  );
}

function chunk<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) =>
    list.slice(index * size, (index + 1) * size),
  );
}
