import { type EdgeAnswer, formatAnswer } from "../edge/edge-client.ts";
import { formatCount } from "../runtime/format-count.ts";
import { formatRow } from "../runtime/format-row.ts";
import type { HttpRouteSummary } from "./http-route-summary.ts";
import type { HttpRouteInCluster, IngressInCluster, ObjectInCluster } from "./object-in-cluster.ts";
import type { ObjectInKv, ObjectReport } from "./object-report.ts";
import type { BlockedNamespace, ClusterSummary, KvSummary, Overview } from "./overview.ts";
import type { Unread } from "./sides.ts";

const DIGEST_LENGTH = 12;

/** Formats the overview as lines that fit one screen. */
export function formatOverview(overview: Overview, now: Date): string[] {
  const { kv, cluster, edge } = overview;
  return [
    ...formatVerdict(overview),
    ...(isUnread(kv) ? [formatUnread("kv", kv)] : formatKv(kv, now)),
    formatEdge(edge),
    ...(isUnread(cluster) ? [formatUnread("cluster", cluster)] : formatCluster(cluster, now)),
  ];
}

/** Formats the report of one Ingress or HTTPRoute. */
export function formatObjectReport(report: ObjectReport, now: Date): string[] {
  const { kv, cluster, edge } = report;
  return [
    formatRow(report.kind.toLowerCase(), report.name),
    ...formatVerdict(report),
    ...formatInCluster(cluster),
    ...(isUnread(kv) ? [formatUnread("kv", kv)] : formatInKv(kv, now)),
    formatEdge(edge),
    ...(typeof cluster === "object" && "diagnostics" in cluster ? cluster.diagnostics : []),
  ];
}

function formatVerdict({ live, problems, cluster }: Overview | ObjectReport): string[] {
  const isUnreadCluster = typeof cluster === "object" && isUnread(cluster);
  const reason = {
    yes: isUnreadCluster ? ", but the cluster was not read" : "",
    no: "",
    unknown: ", because KV was not read",
  };
  return [formatRow("live", `${live}${reason[live]}`), ...problems.map((problem) => formatRow("problem", problem))];
}

function formatKv(
  { generation, publishedAt, digest, publisher, hosts, routes, ...kv }: KvSummary,
  now: Date,
): string[] {
  if (generation === undefined) return [formatRow("kv", "nothing is published")];
  const published = `generation ${generation}, published ${formatTime(publishedAt, now)}`;
  return [
    formatRow(
      "kv",
      `${published}, digest ${digest?.slice(0, DIGEST_LENGTH)}, ${formatCount(hosts, "host")}, ${formatCount(routes, "route")}`,
    ),
    formatRow("publisher", publisher),
    ...kv.unhealthyAddresses.map((address) => formatRow("unhealthy", address)),
  ];
}

function formatCluster({ leader, ingresses, ignored, httpRoutes, ...cluster }: ClusterSummary, now: Date): string[] {
  const { selected, ignored: ignoredCount, closed, lastGood, waiting } = ingresses;
  const counts = `${selected} selected, ${ignoredCount} ignored, ${closed} closed, ${lastGood} last good, ${waiting} waiting`;
  return [
    formatRow("leader", formatLeader(leader, now)),
    formatRow("ingresses", counts),
    ...ignored.map((line) => formatRow("ignored", line)),
    ...(httpRoutes ? [formatRow("httproutes", formatHttpRouteCounts(httpRoutes))] : []),
    ...formatBlockedRemovals(cluster.blockedRemovals),
    ...cluster.unreadableReferences.map((name) => formatRow("not read", `${name}; the controller may read it`)),
  ];
}

function formatHttpRouteCounts({ accepted, rejected, ignored, closed, waiting }: HttpRouteSummary): string {
  return `${accepted} accepted, ${rejected} rejected, ${ignored} ignored, ${closed} closed, ${waiting} waiting`;
}

function formatLeader(leader: ClusterSummary["leader"], now: Date): string {
  if (leader === "none") return "none";
  if ("notRead" in leader) return `not read: ${leader.notRead}`;
  return `${leader.identity}${leader.renewedAt === undefined ? "" : `, renewed ${formatTime(leader.renewedAt, now)}`}`;
}

function formatBlockedRemovals(removals: ClusterSummary["blockedRemovals"]): string[] {
  if ("notRead" in removals) return [formatUnread("blocked", removals)];
  return removals.length === 0
    ? [formatRow("blocked", "no removal")]
    : removals.map((removal) => formatRow("blocked", formatBlockedRemoval(removal)));
}

function formatBlockedRemoval({ namespace, id, since, reason }: BlockedNamespace): string {
  return `${reason} (namespace ${namespace}), since ${since}. Review it with: edgress approve; its id is ${id}`;
}

function formatInCluster(cluster: ObjectInCluster | Unread): string[] {
  if (cluster === "not found") return [formatRow("cluster", "not found")];
  if (isUnread(cluster)) return [formatUnread("cluster", cluster)];
  return [
    ...("parents" in cluster ? formatHttpRoute(cluster) : formatIngress(cluster)),
    ...(cluster.blockedRemoval ? [formatRow("blocked", formatBlockedRemoval(cluster.blockedRemoval))] : []),
  ];
}

function formatHttpRoute({ parents, routes }: HttpRouteInCluster): string[] {
  return [
    ...parents.map(({ parent, conditions }) => formatRow("parent", `${parent}: ${conditions.join(", ")}`)),
    formatRow("cluster", `its current version has ${formatCount(routes.length, "route")}`),
  ];
}

function formatIngress(cluster: IngressInCluster): string[] {
  const { ignoredUnless, addresses, liveGeneration } = cluster;
  const since = liveGeneration === undefined ? "never live" : `live since generation ${liveGeneration}`;
  return [
    formatRow("class", `${cluster.class ?? "none"}, ${ignoredUnless === undefined ? "selected" : "ignored"}`),
    formatRow("cluster", formatCompiled(cluster)),
    formatRow("status", `${addresses.length === 0 ? "no address" : addresses.join(", ")}; ${since}`),
  ];
}

function formatCompiled({ routes, lastGoodSince, ignoredUnless }: IngressInCluster): string {
  if (ignoredUnless !== undefined) return "not compiled";
  const version =
    lastGoodSince === undefined ? "its current version" : `its last good version, since ${lastGoodSince},`;
  return `${version} has ${formatCount(routes.length, "route")}`;
}

function formatInKv({ generation, publishedAt, routes, equalsCluster }: ObjectInKv, now: Date): string[] {
  if (generation === undefined) return [formatRow("kv", "nothing is published")];
  const comparison = { true: ", as in the cluster", false: ", not as in the cluster", undefined: "" }[
    String(equalsCluster)
  ];
  const published = `generation ${generation} (${formatTime(publishedAt, now)})`;
  return [
    formatRow("kv", `${published} has ${routes.length} of its routes${comparison}`),
    ...routes.map((route) => formatRow("route", route)),
  ];
}

function formatEdge(edge: Overview["edge"]): string {
  if ("notRead" in edge) return formatUnread("edge", edge);
  return formatRow("edge", `${edge.url}: ${formatAnswer(edge.answer as EdgeAnswer)}`);
}

function formatUnread(name: string, { notRead }: Unread): string {
  return formatRow(name, `not read: ${notRead}`);
}

function isUnread<T extends object>(side: T | Unread): side is Unread {
  return "notRead" in side;
}

/** Formats a time with its age: "2026-03-01T12:00:00.000Z, 12 s ago". */
function formatTime(time: string | undefined, now: Date): string {
  if (time === undefined) return "at an unknown time";
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(time)) / 1000));
  const units = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
  ] as const;
  const [unit, size] = units.find(([, unitSeconds]) => seconds >= 2 * unitSeconds) ?? ["s", 1];
  return `${time}, ${Math.floor(seconds / size)} ${unit} ago`;
}
