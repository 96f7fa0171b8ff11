import type { Rules } from "../../src/rules/snapshot.ts";
import { explain } from "../explain/explain.ts";
import type { Finding } from "./finding.ts";

/** A finding with what answers at its URL, the edge by its own matcher and filters. A quirk is ingress-nginx's own. */
export async function withResponses(finding: Finding, rules: Rules): Promise<Finding> {
  if (finding.url === undefined) return finding;
  const edgress = finding.edgress ?? (await describeResponse(finding.url, rules));
  return { ...finding, ...(finding.kind === "note" && { nginx: edgress }), edgress };
}

/** `"shop/cart:80 /x"`: the backend, and the path that it is asked for where that is another; else the status. */
async function describeResponse(url: string, rules: Rules): Promise<string> {
  const { status, location, route, origin } = await explain(rules, { url, method: "GET", headers: [] });
  if (status !== "from-origin") return location === undefined ? String(status) : `${status} ${location}`;
  const [requestedPath, fetchedPath] = [extractPath(url), extractPath(origin?.url ?? url)];
  return requestedPath === fetchedPath ? `${route?.backend}` : `${route?.backend} ${fetchedPath}`;
}

function extractPath(url: string): string {
  return url.replace(/^https?:\/\/[^/]*/, "") || "/";
}
