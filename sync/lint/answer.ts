import type { Rules } from "../../src/rules/snapshot.ts";
import { explain } from "../explain/explain.ts";
import type { Finding } from "./finding.ts";

/** A finding with what answers at its URL, the edge by its own matcher and filters. A quirk is ingress-nginx's own. */
export async function withAnswer(finding: Finding, rules: Rules): Promise<Finding> {
  if (finding.url === undefined) return finding;
  const edgress = finding.edgress ?? (await answerAt(finding.url, rules));
  return { ...finding, ...(finding.kind === "quirk" && { nginx: edgress }), edgress };
}

/** `"shop/cart:80 /x"`: the backend, and the path that it is asked for where that is another; else the status. */
async function answerAt(url: string, rules: Rules): Promise<string> {
  const { status, location, route, origin } = await explain(rules, { url, method: "GET", headers: [] });
  if (status !== "the origin's") return location === undefined ? String(status) : `${status} ${location}`;
  const [asked, fetched] = [pathOf(url), pathOf(origin?.url ?? url)];
  return asked === fetched ? `${route?.backend}` : `${route?.backend} ${fetched}`;
}

function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/]*/, "") || "/";
}
