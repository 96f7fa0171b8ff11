import { nameOf } from "../collect/cluster-model.ts";
import type { ClusterSide } from "./cluster-side.ts";
import { compareRules } from "./compare-rules.ts";
import { explainEdge } from "./explain-edge.ts";
import type { KvSide } from "./kv-side.ts";
import { listRoutes } from "./list-routes.ts";
import { describeInCluster, listClusterProblems, type ObjectInCluster } from "./object-in-cluster.ts";
import { formatRouteOwner, type ServedObject } from "./served-object.ts";
import { contentOf, judge, type LiveVerdict, type StatusSides, summarizeSide, type Unread } from "./sides.ts";

/** An Ingress or HTTPRoute in the cluster, in KV and at the edge. */
export interface ObjectReport {
  readonly kind: ServedObject["kind"];
  readonly name: string; // "namespace/name"
  readonly live: LiveVerdict;
  /** Reasons why it is not live. */
  readonly problems: readonly string[];
  readonly cluster: ObjectInCluster | Unread;
  readonly kv: ObjectInKv | Unread;
  readonly edge: { readonly url: string; readonly answer: unknown } | Unread;
}

export interface ObjectInKv {
  readonly generation: number | undefined;
  readonly publishedAt: string | undefined;
  readonly routes: readonly string[];
  /** Undefined if the cluster was not read, or not everything that the object references. */
  readonly equalsCluster: boolean | undefined;
}

/** Builds the report of one Ingress or HTTPRoute. */
export function buildObjectReport(object: ServedObject, sides: StatusSides): ObjectReport {
  const cluster = contentOf(sides.cluster);
  const owner = formatRouteOwner(object);
  const inKv = summarizeSide(sides.kv, (kv) => describeInKv(owner, kv, cluster));
  const inCluster = summarizeSide(sides.cluster, (side) => describeInCluster(object, side));
  const problems = [
    ...(cluster && !isUnread(inCluster) ? listClusterProblems(object, inCluster, cluster) : []),
    ...(isUnread(inKv) ? [] : listKvProblems(inKv, inCluster)),
    ...(!isUnread(inKv) && inKv.routes.length > 0 ? explainEdge(sides) : []),
  ];
  return {
    kind: object.kind,
    name: nameOf(object),
    live: judge(sides, problems),
    problems,
    cluster: inCluster,
    kv: inKv,
    edge: summarizeSide(sides.edge, (side) => side),
  };
}

function isUnread(side: ObjectInCluster | ObjectInKv | Unread): side is Unread {
  return typeof side === "object" && "notRead" in side;
}

function describeInKv(owner: string, kv: KvSide, cluster: ClusterSide | undefined): ObjectInKv {
  const comparison = cluster && compareRules(kv, cluster);
  const isUnknown = comparison === undefined || comparison.unknown.has(owner);
  return {
    generation: kv.manifest?.generation,
    publishedAt: kv.manifest?.publishedAt,
    routes: listRoutes(owner, kv.hosts),
    equalsCluster: isUnknown ? undefined : !comparison.differing.has(owner),
  };
}

function listKvProblems(
  { routes, equalsCluster, generation }: ObjectInKv,
  inCluster: ObjectReport["cluster"],
): string[] {
  if (generation === undefined) return ["nothing is published with this EDGRESS_SIGNING_KEY"];
  const isIgnored =
    typeof inCluster === "object" && "ignoredUnless" in inCluster && inCluster.ignoredUnless !== undefined;
  if (isIgnored) return [];
  if (routes.length === 0) return ["no route of it is published"];
  return equalsCluster === false ? ["its published routes differ from the cluster's"] : [];
}
