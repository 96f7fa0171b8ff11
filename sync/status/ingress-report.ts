import { formatMatch } from "../../src/rules/format-match.ts";
import type { HostRules, Route } from "../../src/rules/snapshot.ts";
import { type Diagnostic, formatDiagnostic } from "../compile/diagnostics.ts";
import { findClassOf } from "../compile/select/ingress-class.ts";
import { findClosedIngresses, listClosedRoutes } from "../publish/changes/closed-routes.ts";
import { parseIngressName } from "../publish/route-id.ts";
import type { ClusterSide } from "./cluster-side.ts";
import { compareRules } from "./compare-rules.ts";
import { explainEdge } from "./explain-edge.ts";
import type { KvSide } from "./kv-side.ts";
import type { BlockedNamespace } from "./overview.ts";
import { contentOf, judge, type LiveVerdict, type StatusSides, summarizeSide, type Unread } from "./sides.ts";

/** An Ingress in the cluster, in KV and at the edge. */
export interface IngressReport {
  readonly ingress: string; // "namespace/name"
  readonly live: LiveVerdict;
  /** Reasons why it is not live. */
  readonly problems: readonly string[];
  readonly cluster: IngressInCluster | "not found" | Unread;
  readonly kv: IngressInKv | Unread;
  readonly edge: { readonly url: string; readonly answer: unknown } | Unread;
}

export interface IngressInCluster {
  readonly class: string | undefined;
  /** How to select it, if it is not ours. */
  readonly ignoredUnless: string | undefined;
  readonly routes: readonly string[];
  readonly lastGoodSince: string | undefined; // RFC 3339
  readonly addresses: readonly string[];
  readonly liveGeneration: string | undefined;
  readonly blockedRemoval: BlockedNamespace | undefined;
  readonly diagnostics: readonly string[];
}

export interface IngressInKv {
  readonly generation: number | undefined;
  readonly publishedAt: string | undefined;
  readonly routes: readonly string[];
  /** Undefined if the cluster was not read, or not everything that the Ingress references. */
  readonly equalsCluster: boolean | undefined;
}

/** Builds the report of one Ingress. */
export function buildIngressReport(ingress: string, sides: StatusSides): IngressReport {
  const cluster = contentOf(sides.cluster);
  const inKv = summarizeSide(sides.kv, (kv) => describeInKv(ingress, kv, cluster));
  const inCluster = summarizeSide(sides.cluster, (side) => describeInCluster(ingress, side));
  const isPublished = "routes" in inKv && inKv.routes.length > 0;
  const problems = [
    ...(cluster ? listClusterProblems(ingress, inCluster, cluster) : []),
    ...("routes" in inKv ? listKvProblems(inKv, inCluster) : []),
    ...(isPublished ? explainEdge(sides) : []),
  ];
  return {
    ingress,
    live: judge(sides, problems),
    problems,
    cluster: inCluster,
    kv: inKv,
    edge: summarizeSide(sides.edge, (side) => side),
  };
}

function describeInCluster(ingress: string, cluster: ClusterSide): IngressInCluster | "not found" {
  const object = cluster.ingresses.find(({ id }) => id === ingress);
  if (!object) return "not found";
  const { parsedObject, status } = object;
  const ignored = cluster.ignoredIngresses.find(({ name }) => name === ingress);
  const { rules, diagnostics } = cluster.result.compilation;
  return {
    class: parsedObject.kind === "Ingress" ? findClassOf(parsedObject.object) : undefined,
    ignoredUnless: ignored?.option,
    routes: listRoutes(ingress, rules.hosts),
    lastGoodSince: cluster.result.brokenSince.get(ingress),
    addresses: status.loadBalancer.flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
    liveGeneration: status.liveGeneration,
    blockedRemoval: findBlockedRemoval(ingress, cluster),
    diagnostics: listDiagnostics(ingress, diagnostics).map(formatDiagnostic),
  };
}

function describeInKv(ingress: string, kv: KvSide, cluster: ClusterSide | undefined): IngressInKv {
  const comparison = cluster && compareRules(kv, cluster);
  const isUnknown = comparison === undefined || comparison.unknown.has(ingress);
  return {
    generation: kv.manifest?.generation,
    publishedAt: kv.manifest?.publishedAt,
    routes: listRoutes(ingress, kv.hosts),
    equalsCluster: isUnknown ? undefined : !comparison.differing.has(ingress),
  };
}

function listClusterProblems(ingress: string, inCluster: IngressReport["cluster"], side: ClusterSide): string[] {
  if (inCluster === "not found") {
    const removal = findBlockedRemoval(ingress, side);
    return ["it is not in the watched cluster", ...(removal ? [describeBlockedRemoval(removal)] : [])];
  }
  if ("notRead" in inCluster) return [];
  const { ignoredUnless, lastGoodSince, blockedRemoval } = inCluster;
  if (ignoredUnless !== undefined) {
    const label = inCluster.class === undefined ? "it has no class" : `its class ${inCluster.class} is not ours`;
    return [`${label}. To select it, set ${ignoredUnless}`];
  }
  const isClosed = findClosedIngresses(side.result.compilation.rules.hosts).has(ingress);
  return [
    ...(lastGoodSince === undefined
      ? explainMissingRoutes(inCluster)
      : [`it does not compile since ${lastGoodSince}; its last good version is served`]),
    ...(isClosed ? ["every one of its paths returns 503"] : []),
    ...(blockedRemoval ? [describeBlockedRemoval(blockedRemoval)] : []),
  ];
}

function explainMissingRoutes({ routes, diagnostics }: IngressInCluster): string[] {
  if (routes.length > 0) return [];
  return [diagnostics.length === 0 ? "it has no paths" : "it has no routes; its diagnostics name the reasons"];
}

function listKvProblems(
  { routes, equalsCluster, generation }: IngressInKv,
  inCluster: IngressReport["cluster"],
): string[] {
  if (generation === undefined) return ["nothing is published with this EDGRESS_SIGNING_KEY"];
  const isIgnored =
    typeof inCluster === "object" && "ignoredUnless" in inCluster && inCluster.ignoredUnless !== undefined;
  if (isIgnored) return [];
  if (routes.length === 0) return ["no route of it is published"];
  return equalsCluster === false ? ["its published routes differ from the cluster's"] : [];
}

function listDiagnostics(ingress: string, diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.filter(({ object }) => object === `Ingress ${ingress}`);
}

/** Formats the routes of an Ingress: "shop.example.com prefix /cart -> shop/cart:80". */
function listRoutes(ingress: string, hosts: readonly HostRules[]): string[] {
  const closures = new Map(
    listClosedRoutes(hosts).map(({ ingress: owner, line, reason }) => [`${owner} ${line}`, reason]),
  );
  const format = (host: string, { id, path, when, backend }: Route) => {
    const line = `${host} ${formatMatch(path, when)}`;
    const closure = closures.get(`${parseIngressName(id)} ${line}`);
    return `${line} -> ${closure === undefined ? (backend ?? "404") : `503 (${closure})`}`;
  };
  return hosts.flatMap(({ host, routes }) =>
    routes.filter(({ id }) => parseIngressName(id) === ingress).map((route) => format(host, route)),
  );
}

function describeBlockedRemoval({ id, since }: BlockedNamespace): string {
  return `its removed routes stay published since ${since}. Review them, then run: edgress approve ${id}`;
}

function findBlockedRemoval(ingress: string, { blockedRemovals }: ClusterSide): BlockedNamespace | undefined {
  if (!blockedRemovals.ok) return undefined;
  const [namespace = ""] = ingress.split("/");
  const request = blockedRemovals.value.get(namespace);
  if (!request?.routes.includes(` of ${ingress}#`)) return undefined;
  const { id, since, reason } = request;
  return { namespace, id, since, reason };
}
