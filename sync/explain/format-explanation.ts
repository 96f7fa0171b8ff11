import { formatMatch } from "../../src/rules/format-match.ts";
import { formatRow } from "../runtime/format-row.ts";
import type { AssumedSubrequest, ExplainedCanary, ExplainedOrigin, Explanation, UnmatchedRoute } from "./explain.ts";

type Row = readonly [name: string, value: string | undefined];
/** Returns where the Ingress of a route is: "shop.yaml:12". */
type FindSource = (routeId: string) => string | undefined;

/** Formats an explanation as lines, each with a name and a value. */
export function formatExplanation(explanation: Explanation, findSource: FindSource): string[] {
  const { host, path, status, outcome, reason, location, route, origin, canary } = explanation;
  const rows: Row[] = [
    ["response", `${status} (${outcome}${reason ? `: ${reason}` : ""})`],
    ["location", location],
    ["host", host ?? "not found in the rules"],
    ["path", path],
    ["route", route && `${route.id}, ${formatMatch(route.match, route.when)}${formatSource(findSource(route.id))}`],
    ["backend", route?.backend && `${route.backend}${canary ? formatShare(canary.total - canary.weight, canary) : ""}`],
    ...formatOrigin(origin),
    ...formatCanary(canary),
    ...explanation.assumedSubrequests.map((subrequest): Row => ["assumed", formatAssumption(subrequest)]),
    ...explanation.unmatchedRoutes.map((entry): Row => ["unmatched", formatUnmatched(entry, findSource(entry.id))]),
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [formatRow(name, value)]));
}

function formatOrigin(origin: ExplainedOrigin | undefined): Row[] {
  return [
    ["origin", origin?.addresses.join(", ")],
    ["url", origin?.url],
    ["record", origin?.resolveOverride],
  ];
}

function formatCanary(canary: ExplainedCanary | undefined): Row[] {
  if (!canary) return [];
  return [["canary", `${canary.backend}${formatShare(canary.weight, canary)}`], ...formatOrigin(canary.origin)];
}

function formatShare(weight: number, { total }: ExplainedCanary): string {
  return `, ${weight} of ${total} requests`;
}

/** Names the Service, because the URL of a subrequest to a Service has the client's host. */
function formatAssumption({ url, service }: AssumedSubrequest): string {
  if (service === undefined) return `${url} returns 200`;
  return `Service ${service} returns 200 for ${url.replace(/^https?:\/\/[^/?#]*/, "")}`;
}

function formatUnmatched({ id, match, when, reason }: UnmatchedRoute, source: string | undefined): string {
  return match ? `${id}, ${formatMatch(match, when)}${formatSource(source)}: ${reason}` : `host ${id}: ${reason}`;
}

function formatSource(source: string | undefined): string {
  return source === undefined ? "" : `, from ${source}`;
}
