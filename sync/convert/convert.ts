import { CATCH_ALL_HOST, parseHost } from "../../src/rules/hosts.ts";
import { CLASS_ANNOTATION } from "../collect/annotation-names.ts";
import { type Cluster, type Ingress, nameOf } from "../collect/cluster-model.ts";
import { buildRoutes, type GatewayName } from "./build-routes.ts";
import { type ConvertibleIngress, readConvertibleIngress } from "./convertible-ingress.ts";
import { listDifferences } from "./list-differences.ts";
import type { ConversionGap, RouteManifest } from "./route-manifest.ts";
import { selectConvertible } from "./select-convertible.ts";

/** Ingresses as Gateway API objects. */
export interface Conversion {
  readonly routes: readonly RouteManifest[];
  /** "namespace/name" of the Ingresses that stay as they are. */
  readonly keptIngresses: readonly string[];
  readonly gaps: readonly ConversionGap[];
}

/**
 * Converts Ingresses, the oldest first, into HTTPRoutes of a Gateway. An Ingress with a part that has no counterpart stays
 * as it is: edgress serves both kinds on one host.
 */
export function convertIngresses(
  ingresses: readonly Ingress[],
  { services, classes }: Pick<Cluster, "services" | "classes">,
  gateway: GatewayName,
): Conversion {
  const classesWithDefaults = new Set(classes.flatMap(({ name, parameters }) => (parameters ? [name] : [])));
  const servicesByName = new Map(services.map((service) => [nameOf(service), service]));
  const all = ingresses.map((ingress) => {
    const findService = (name: string) => servicesByName.get(nameOf({ namespace: ingress.namespace, name }));
    const entry = readConvertibleIngress(ingress, findService);
    if (!classesWithDefaults.has(findClassName(ingress) ?? "")) return entry;
    return { ...entry, problems: [...entry.problems, CLASS_DEFAULTS_PROBLEM] };
  });
  const { convertible, kept, findCanary } = selectConvertible(all);
  const primaries = all.filter(({ isCanary }) => !isCanary);
  const context = {
    gateway,
    findCanary,
    tlsHosts: new Set(primaries.flatMap((entry) => (entry.ingress.tls.length > 0 ? listHosts(entry) : []))),
    regexHosts: new Set(primaries.flatMap((entry) => (entry.converted.hasRegexPaths ? listHosts(entry) : []))),
    hosts: new Set(primaries.flatMap(listHosts)),
    hasDefaultBackend: createDefaultCheck(primaries),
  };
  return {
    routes: convertible.filter(({ isCanary }) => !isCanary).flatMap((entry) => buildRoutes(entry, context)),
    keptIngresses: [...kept.keys()].map(({ ingress }) => nameOf(ingress)),
    gaps: [
      ...[...kept].flatMap(([{ ingress }, problems]) =>
        problems.map((problem) => ({ object: `Ingress ${nameOf(ingress)}`, ...problem, keepsIngress: true })),
      ),
      ...convertible.flatMap(listDifferences),
    ],
  };
}

const CLASS_DEFAULTS_PROBLEM = {
  field: "spec.ingressClassName",
  problem: "the defaults of its IngressClass do not apply to HTTPRoutes; add them to the Ingress",
};

function findClassName({ className, annotations }: Ingress): string | undefined {
  return className ?? annotations[CLASS_ANNOTATION];
}

function listHosts({ ingress, pathsByHost }: ConvertibleIngress): readonly string[] {
  const hosts = ingress.rules.flatMap(({ host }) => {
    const parsed = parseHost(host);
    return parsed.ok ? [parsed.value] : [];
  });
  return [...new Set([...hosts, ...pathsByHost.keys()])];
}

/** The oldest Ingress of a host sets the response for its unmatched paths, unless a path / exists. */
function createDefaultCheck(all: readonly ConvertibleIngress[]) {
  return (entry: ConvertibleIngress, host: string): boolean => {
    if (host === CATCH_ALL_HOST && entry.ingress.rules.length > 0) return false;
    const owners = all.filter(({ pathsByHost }) => pathsByHost.has(host));
    const hasRoot = owners.some(({ pathsByHost }) =>
      pathsByHost.get(host)?.some(({ match: { path } }) => path.type === "PathPrefix" && path.value === "/"),
    );
    return !hasRoot && (owners.length === 0 || owners[0] === entry);
  };
}
