import { compareText } from "../../../../src/rules/compare-text.ts";
import { type Cluster, nameOf, type Reference } from "../../../collect/cluster-model.ts";
import { createListMemo, type ListMemo, shareEmpty } from "../../../incremental/list-memo.ts";
import { createMemo, createObjectMemo, type Memo, type ObjectMemo } from "../../../incremental/memo.ts";
import { createSortMemo, type SortMemo } from "../../../incremental/sorted-list.ts";
import { findHostPermit, permitsHost } from "../../../permits/model.ts";
import { collectDiagnostics, type Reported } from "../../diagnostics.ts";
import { type HostGrant, type IngressClaims, listOwners } from "../../model.ts";
import type { StageOptions } from "../../options.ts";
import { byClaimOrder, type IngressRank, rankIngress } from "../../select/ingress-class.ts";
import type { AttachedRoute, ServedListener } from "../gateway-compilation.ts";
import { findConfigMapIn } from "./find-config-map.ts";
import type { NameRights } from "./listener-groups.ts";
import { type HostPlan, planHosts } from "./plan-hosts.ts";
import { readRouteClaims } from "./read-route-claims.ts";
import { listSettingsReferences } from "./rule-settings.ts";

type ReportedClaims = Reported<IngressClaims>;

/** Claims of earlier compilations. */
export interface GatewayClaimsMemo {
  readonly wildcards: ListMemo<ReportedClaims, readonly string[]>;
  readonly plan: Memo<HostPlan>;
  readonly routes: ListMemo<AttachedRoute, readonly ReportedClaims[]>;
  readonly claims: ObjectMemo<AttachedRoute, readonly ReportedClaims[]>; // for lists whose hosts or ConfigMaps changed
  readonly order: SortMemo<ReportedClaims>;
}

export function createGatewayClaimsMemo(): GatewayClaimsMemo {
  return {
    wildcards: createListMemo(),
    plan: createMemo(),
    routes: createListMemo(),
    claims: createObjectMemo(),
    order: createSortMemo(rankClaims, byAge),
  };
}

/** The served listeners and the routes that are attached to them. */
interface AttachedRoutes {
  readonly listeners: readonly ServedListener[];
  readonly attachedRoutes: readonly AttachedRoute[];
}

/** The claims of Ingresses and HTTPRoutes in one list, the oldest first. */
interface AllClaims {
  readonly claims: readonly ReportedClaims[];
  /** Hosts of listeners without any route. */
  readonly emptyHosts: readonly string[];
  /** The ConfigMaps of filters, found or not. */
  readonly references: readonly Reference[];
}

/** Adds the claims of HTTPRoutes to those of Ingresses. Without Gateways of ours, nothing is computed. */
export function addGatewayClaims(
  ingressClaims: readonly ReportedClaims[],
  { listeners, attachedRoutes }: AttachedRoutes,
  cluster: Pick<Cluster, "configMaps" | "unreadableReferences">,
  options: StageOptions,
  memo: GatewayClaimsMemo,
): AllClaims {
  if (listeners.length === 0) return { claims: ingressClaims, emptyHosts: [], references: [] };
  const wildcards = memo.wildcards(ingressClaims, [], ({ value }) => listWildcards(value)).flat();
  const plan = memo.plan([listeners, attachedRoutes, options, wildcards], () =>
    planHosts(listeners, attachedRoutes, { ingressHosts: new Set(wildcards), ...buildNameRights(options) }),
  );
  const { configMaps, unreadableReferences } = cluster;
  const problems = unreadableReferences.map((reference) => JSON.stringify(reference));
  const routeClaims = memo
    .routes(attachedRoutes, [plan, options, configMaps, problems], (attached) =>
      readAttachedClaims(attached, plan, cluster, options, memo),
    )
    .flat();
  return {
    claims: routeClaims.length === 0 ? ingressClaims : memo.order([...ingressClaims, ...routeClaims]),
    emptyHosts: plan.emptyHosts,
    references: attachedRoutes.flatMap(({ route }) =>
      route.rules.flatMap((rule) => listSettingsReferences(route, rule)),
    ),
  };
}

function readAttachedClaims(
  attached: AttachedRoute,
  plan: HostPlan,
  cluster: Pick<Cluster, "configMaps" | "unreadableReferences">,
  options: StageOptions,
  memo: GatewayClaimsMemo,
): readonly ReportedClaims[] {
  const { route } = attached;
  const hosts = plan.listHosts(attached);
  const references = route.rules.flatMap((rule) => listSettingsReferences(route, rule));
  const findConfigMap = findConfigMapIn({
    configMap: (name) => cluster.configMaps.find((configMap) => nameOf(configMap) === name),
    readProblem: (object) =>
      cluster.unreadableReferences.find((reference) => `${reference.kind} ${nameOf(reference)}` === object)?.problem,
  });
  const settings = references.map(findConfigMap).map((found) => (found.ok ? found.value : found.problem));
  const inputs = [
    options,
    ...hosts.flatMap(({ host, scheme, isInherited }) => [host, scheme, isInherited]),
    ...settings,
  ];
  return memo.claims(attached, inputs, () => {
    const { value, diagnostics } = collectDiagnostics((report) =>
      readRouteClaims({ route, hosts }, findConfigMap, options, report),
    );
    return value.map((claims, index) => ({ value: claims, diagnostics: index === 0 ? diagnostics : [] }));
  });
}

/** With exclusive hosts, a name has one owner, and whose it is shows later. So a ListenerSet hides nothing before. */
function buildNameRights({ permits, exclusiveHosts }: StageOptions): NameRights {
  const mayClaim = (namespace: string, host: string) => findHostPermit(permits, namespace, host) !== undefined;
  return { mayClaim, mayHide: (namespace, host) => !exclusiveHosts && permitsHost(permits, namespace, host) };
}

/** Returns hosts without any route that hide less specific hosts of their listeners. They do not hide those of Ingresses. */
export function buildEmptyGrants(
  hosts: readonly string[],
  isGranted: (host: string) => boolean,
  catchAll: HostGrant | undefined,
): HostGrant[] {
  if (catchAll && listOwners(catchAll).some(({ ingress }) => ingress.ownerKind === undefined)) return [];
  return hosts
    .filter((host) => ![host, ...listIngressHosts(host)].some(isGranted))
    .map((host) => ({ host, ownership: { type: "full", owners: [] }, claims: [] }));
}

/** Returns the hosts of Ingresses that cover a host of listeners. */
function listIngressHosts(host: string): string[] {
  const isWildcard = host.startsWith("**.");
  return [isWildcard ? host.slice(1) : `*.${host.split(".").slice(1).join(".")}`];
}

function listWildcards({ hosts }: IngressClaims): readonly string[] {
  return shareEmpty(hosts.map(({ host }) => host).filter((host) => host.startsWith("*.")));
}

interface ClaimsRank extends IngressRank {
  readonly kind: "HTTPRoute" | undefined;
  readonly isInherited: true | undefined;
}

function rankClaims({ value: { owner, isInherited } }: ReportedClaims): ClaimsRank {
  return { ...rankIngress(owner.ingress), kind: owner.ingress.ownerKind, isInherited };
}

/** The oldest first, and inherited hosts last, so that they use up no limit. Ingresses of one age are in claim order, before HTTPRoutes, which are in the order of their names. */
function byAge(a: ClaimsRank, b: ClaimsRank): number {
  if (a.isInherited !== b.isInherited) return a.isInherited ? 1 : -1;
  if (a.createdMs !== b.createdMs) return a.createdMs - b.createdMs;
  if (a.kind !== b.kind) return a.kind === undefined ? -1 : 1;
  return a.kind === undefined ? byClaimOrder(a, b) : compareText(a.name, b.name);
}
