import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, nameOf, type Reference, type ReferenceGrant } from "../../collect/cluster-model.ts";
import type { StageOptions } from "../options.ts";
import { createNamespaceCheck } from "./allowed-namespaces.ts";
import { attachRoute, type RouteParents } from "./attachment/attach-routes.ts";
import { byAge } from "./by-age.ts";
import { createGatewayCache, type GatewayCache, type ListenerInterner } from "./gateway-cache.ts";
import type { ServedListener } from "./gateway-compilation.ts";
import { judgeClasses } from "./judge-classes.ts";
import type { GatewayReading, JudgedGateway, JudgedListener, JudgedRoute } from "./judged-gateways.ts";
import { type GatewayVerdicts, judgeGateways } from "./listeners/judge-gateways.ts";
import { type CertificateSources, listGrantedSecrets } from "./listeners/listener-certificates.ts";

/** The objects that Gateways, their listeners and the attachment of routes depend on. */
export type GatewaySources = Pick<
  Cluster,
  "gateway" | "secrets" | "referenceGrants" | "unreadableReferences" | "certificates"
>;

type GatewayOptions = Pick<StageOptions, "controller" | "gatewayController" | "zones">;

/**
 * Judges the Gateway API objects of ours, and attaches routes to listeners. With the same `cache`, an unchanged listener
 * and an unchanged attached route are the same objects.
 */
export function readGateways(
  sources: GatewaySources,
  options: GatewayOptions,
  cache = createGatewayCache(),
): GatewayReading {
  const { gateway, secrets, referenceGrants, unreadableReferences, certificates } = sources;
  const objects = [secrets, referenceGrants, unreadableReferences, certificates, ...Object.entries(gateway).flat()];
  const controller = readGatewayController(options);
  const build = () => readAll(sources, { controller, zones: options.zones }, cache);
  return cache.reading([...objects, controller, options.zones], build);
}

/** Returns the controller's name in our GatewayClasses. */
export function readGatewayController({
  controller,
  gatewayController = controller,
}: Pick<StageOptions, "controller" | "gatewayController">): string {
  return gatewayController;
}

function readAll(
  sources: GatewaySources,
  { controller, zones }: Pick<StageOptions, "controller" | "zones">,
  cache: GatewayCache,
): GatewayReading {
  const { gateway } = sources;
  const intern = cache.createInterner();
  const allowsNamespace = createNamespaceCheck(gateway.namespaces);
  const classes = judgeClasses(gateway, controller);
  const verdicts = judgeGateways(gateway, {
    classes,
    zones,
    allowsNamespace,
    intern,
    certificates: indexCertificates(sources),
  });
  const listenersByParent = indexListeners(verdicts);
  const routes = attachRoutes(sources, { listenersByParent, allowsNamespace }, cache);
  const gateways = verdicts.map((verdict) => verdict.gateway);
  const allListeners = [...listenersByParent.values()].flat();
  return {
    classes,
    gateways,
    listenerSets: verdicts.flatMap(({ listenerSets }) => listenerSets),
    routes,
    listeners: [
      ...allListeners.flatMap(({ served }) => served),
      ...gateways.flatMap((judged) => reserveAddress(judged, intern)),
    ],
    attachedRoutes: routes.flatMap(({ attached }) => attached ?? []),
    references: listReferences(verdicts, sources.referenceGrants),
  };
}

function indexCertificates({ secrets, ...sources }: GatewaySources): CertificateSources {
  const secretsByName = new Map(secrets.map((secret) => [nameOf(secret), secret]));
  return { ...sources, findSecret: (namespace, name) => secretsByName.get(nameOf({ namespace, name })) };
}

function indexListeners(verdicts: readonly GatewayVerdicts[]): ReadonlyMap<string, readonly JudgedListener[]> {
  return new Map(
    verdicts.flatMap(({ gateway, listenerSets }) => [
      [`Gateway ${nameOf(gateway.gateway)}`, gateway.listeners] as const,
      ...listenerSets.map(({ listenerSet, listeners }) => [`ListenerSet ${nameOf(listenerSet)}`, listeners] as const),
    ]),
  );
}

function attachRoutes({ gateway }: GatewaySources, parents: RouteParents, cache: GatewayCache): readonly JudgedRoute[] {
  return gateway.httpRoutes.toSorted(byAge).flatMap((route) => {
    const judged = attachRoute(route, parents);
    if (judged === undefined) return [];
    return [judged.attached ? { ...judged, attached: cache.keepAttachedRoute(judged.attached) } : judged];
  });
}

/** Returns listeners without routes for the schemes in which no listener of a Gateway has its address as a name. */
function reserveAddress(
  { gateway, address, listeners }: JudgedGateway,
  intern: ListenerInterner,
): readonly ServedListener[] {
  if (address === undefined) return [];
  const schemes = listeners.flatMap(({ served }) =>
    served.filter(({ hostname }) => hostname === address).map(({ scheme }) => scheme),
  );
  const name = nameOf(gateway);
  return (["http", "https"] as const)
    .filter((scheme) => !schemes.includes(scheme))
    .map((scheme) =>
      intern({ gateway: name, owner: `Gateway ${name}`, name: "", scheme, hostname: address, addressOf: address }),
    );
}

/** Returns the Secrets that listeners refer to and may read, sorted. The controller must collect them. */
function listReferences(verdicts: readonly GatewayVerdicts[], grants: readonly ReferenceGrant[]): readonly Reference[] {
  const names = verdicts.flatMap(({ gateway, listenerSets }) => [
    ...listGrantedSecrets("Gateway", gateway.gateway, grants),
    ...listenerSets.flatMap(({ listenerSet }) => listGrantedSecrets("ListenerSet", listenerSet, grants)),
  ]);
  const byName = new Map(names.map((reference) => [nameOf(reference), reference]));
  return [...byName].toSorted(([a], [b]) => compareText(a, b)).map(([, reference]) => reference);
}
