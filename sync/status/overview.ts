import type { AbortedCandidate, Rollback } from "../../src/rules/snapshot.ts";
import { isHttpRouteOwner } from "../../src/rules/storage/route-id.ts";
import { formatIgnoredIngresses } from "../compile/select/ignored-ingresses.ts";
import { countHostRoutes } from "../publish/guard/removals.ts";
import { findUnpublishedGuards } from "../publish/guard/unpublished-guards.ts";
import { formatPin } from "../publish/history/pin.ts";
import { listUnhealthyAddresses } from "../publish/publish-health.ts";
import { foldNames } from "../runtime/fold.ts";
import type { ClusterSide, LeaseHolder } from "./cluster-side.ts";
import { compareRules } from "./compare-rules.ts";
import { explainEdge } from "./explain-edge.ts";
import { type HttpRouteSummary, summarizeHttpRoutes } from "./http-route-summary.ts";
import type { KvSide } from "./kv-side.ts";
import { findFailingOwners } from "./list-routes.ts";
import { listRolloutProblems, type RolloutSummary, summarizeRollout } from "./rollout-summary.ts";
import { contentOf, judge, type LiveVerdict, type StatusSides, summarizeSide, type Unread } from "./sides.ts";

/** The state of all sides, and the differences between them. */
export interface Overview {
  readonly live: LiveVerdict;
  /** Reasons why something is not live. */
  readonly problems: readonly string[];
  readonly kv: KvSummary | Unread;
  readonly cluster: ClusterSummary | Unread;
  readonly edge: { readonly url: string; readonly answer: unknown } | Unread;
}

export interface KvSummary {
  readonly generation: number | undefined;
  readonly publishedAt: string | undefined;
  readonly digest: string | undefined;
  readonly publisher: string;
  /** The rollback that holds the published rules. */
  readonly rollback: Rollback | undefined;
  /** The roll-out in progress. */
  readonly rollout: RolloutSummary | undefined;
  /** The candidate that was aborted last. */
  readonly aborted: AbortedCandidate | undefined;
  readonly hosts: number;
  readonly routes: number;
  /** Addresses that fail their health checks: "shop/cart:80 203.0.113.10". */
  readonly unhealthyAddresses: readonly string[];
}

export interface ClusterSummary {
  readonly leader: LeaseHolder | "none" | Unread;
  readonly ingresses: {
    readonly selected: number;
    readonly ignored: number;
    readonly closed: number;
    readonly lastGood: number;
    readonly waiting: number;
  };
  readonly ignored: readonly string[]; // one line for each class
  readonly httpRoutes: HttpRouteSummary | undefined; // undefined without any
  readonly blockedRemovals: readonly BlockedNamespace[] | Unread;
  readonly unreadableReferences: readonly string[];
}

export interface BlockedNamespace {
  readonly namespace: string;
  readonly id: string;
  readonly since: string;
  readonly reason: string;
}

/** Builds the overview of all sides. */
export function buildOverview(sides: StatusSides): Overview {
  const [kv, cluster] = [contentOf(sides.kv), contentOf(sides.cluster)];
  const problems = [
    ...(kv ? listKvProblems(kv, cluster) : []),
    ...(cluster ? listClusterProblems(cluster, kv) : []),
    ...explainEdge(sides),
  ];
  return {
    live: judge(sides, problems),
    problems,
    kv: summarizeSide(sides.kv, (side) => summarizeKv(side, cluster)),
    cluster: summarizeSide(sides.cluster, (side) => summarizeCluster(side, kv)),
    edge: summarizeSide(sides.edge, (side) => side),
  };
}

function summarizeKv({ manifest, hosts, state }: KvSide, cluster: ClusterSide | undefined): KvSummary {
  return {
    generation: manifest?.generation,
    publishedAt: manifest?.publishedAt,
    digest: manifest?.digest,
    publisher: describePublisher(state.owner, cluster),
    rollback: manifest?.rollback,
    rollout: manifest?.candidate && summarizeRollout(manifest.candidate),
    aborted: manifest?.aborted,
    hosts: hosts.length,
    routes: countHostRoutes(hosts),
    unhealthyAddresses: listUnhealthyAddresses(manifest?.unhealthy, hosts),
  };
}

function describePublisher(owner: KvSide["state"]["owner"], cluster: ClusterSide | undefined): string {
  switch (owner.type) {
    case "none":
      return "edgress publish";
    case "unknown":
      return "a controller with another EDGRESS_SIGNING_KEY, or of a newer version";
    case "cluster": {
      if (!cluster?.uid.ok) return `the controller of cluster ${owner.cluster}`;
      return `the controller of ${cluster.uid.value === owner.cluster ? "this" : "another"} cluster (${owner.cluster})`;
    }
  }
}

function summarizeCluster(cluster: ClusterSide, kv: KvSide | undefined): ClusterSummary {
  const { leader, blockedRemovals, result, ignoredIngresses } = cluster;
  const { ingresses, rules } = result.compilation;
  const closed = [...findFailingOwners(rules.hosts).keys()];
  const waiting = kv ? [...compareRules(kv, cluster).differing] : [];
  return {
    leader: summarizeSide(leader, (holder) => holder ?? "none"),
    ingresses: {
      selected: ingresses.size,
      ignored: ignoredIngresses.length,
      closed: closed.filter((owner) => !isHttpRouteOwner(owner)).length,
      lastGood: result.brokenSince.size,
      waiting: waiting.filter((owner) => !isHttpRouteOwner(owner)).length,
    },
    ignored: formatIgnoredIngresses(ignoredIngresses),
    httpRoutes: summarizeHttpRoutes(cluster, closed, waiting),
    blockedRemovals: summarizeSide(blockedRemovals, (requests) =>
      [...requests].map(([namespace, { id, since, reason }]) => ({ namespace, id, since, reason })),
    ),
    unreadableReferences: cluster.cluster.unreadableReferences.map(
      ({ kind, namespace, name }) => `${kind} ${namespace}/${name}`,
    ),
  };
}

function listKvProblems({ manifest, hosts, state, losses }: KvSide, cluster: ClusterSide | undefined): string[] {
  const { owner } = state;
  const pin = manifest && formatPin(manifest);
  const isForeign = owner.type === "cluster" && cluster?.uid.ok && cluster.uid.value !== owner.cluster;
  const hasNoLeader = owner.type === "cluster" && !isForeign && cluster?.leader.ok && !cluster.leader.value;
  return [
    ...(manifest ? [] : ["nothing is published with this EDGRESS_SIGNING_KEY"]),
    ...losses,
    ...(pin === undefined ? [] : [`${pin}. Changes are not published; resume with: edgress resume`]),
    ...listRolloutProblems(manifest),
    ...(cluster ? listUnpublishedGuards({ manifest, hosts }, cluster) : []),
    ...(isForeign ? [`the KV namespace belongs to another cluster: ${owner.cluster}`] : []),
    ...(hasNoLeader ? ["no controller holds the Lease, so changes are not published"] : []),
  ];
}

/** While a rollback is active, guards of the cluster may be absent at the edge. */
function listUnpublishedGuards(
  { manifest, hosts }: Pick<KvSide, "manifest" | "hosts">,
  cluster: ClusterSide,
): string[] {
  if (!manifest?.rollback) return [];
  const routes = findUnpublishedGuards(hosts, cluster.result.compilation.rules.hosts);
  if (routes.length === 0) return [];
  const lines = routes.map(({ line, policies }) => `${line} (${policies.join(", ")})`);
  return [`guards of the cluster are not published: ${foldNames(lines)}`];
}

function listClusterProblems(cluster: ClusterSide, kv: KvSide | undefined): string[] {
  const { compilation, brokenSince } = cluster.result;
  const differing = kv ? [...compareRules(kv, cluster).differing].toSorted() : [];
  const failing = Map.groupBy(findFailingOwners(compilation.rules.hosts), ([, statuses]) => statuses);
  const blocked = cluster.blockedRemovals.ok ? [...cluster.blockedRemovals.value.keys()] : [];
  const describe = (names: readonly string[], text: string) =>
    names.length === 0 ? [] : [`${text}: ${foldNames(names)}`];
  return [
    ...describe(differing, "the published rules differ from the cluster's for"),
    ...describe([...brokenSince.keys()].toSorted(), "the last good version is served for Ingresses"),
    ...[...failing].flatMap(([statuses, owners]) =>
      describe(owners.map(([owner]) => owner).toSorted(), `every path returns ${statuses} for`),
    ),
    ...describe(blocked, "removed routes stay published until approval in namespaces"),
  ];
}
