import type { Rules } from "../../../src/rules/snapshot.ts";
import { explain } from "../../explain/explain.ts";
import type { Finding } from "./finding.ts";

/** Adds the response of the edge at the URL of a finding. For a note, ingress-nginx has the same response. */
export async function withResponses(finding: Finding, rules: Rules): Promise<Finding> {
  if (finding.url === undefined) return finding;
  const edgress = finding.edgress ?? (await describeResponse(finding.url, rules));
  return { ...finding, ...(finding.kind === "note" && { nginx: edgress }), edgress };
}

/** Describes a response: `"shop/cart:80 /x"`, with the path if it was rewritten, or the status. */
async function describeResponse(url: string, rules: Rules): Promise<string> {
  const { status, location, route, origin } = await explain(rules, { url, method: "GET", headers: [] });
  if (status !== "from-origin") return location === undefined ? String(status) : `${status} ${location}`;
  const [requestedPath, fetchedPath] = [extractPath(url), extractPath(origin?.url ?? url)];
  return requestedPath === fetchedPath ? `${route?.backend}` : `${route?.backend} ${fetchedPath}`;
}

function extractPath(url: string): string {
  return url.replace(/^https?:\/\/[^/]*/, "") || "/";
}
