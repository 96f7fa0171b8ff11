import type { RequestServices } from "../../../src/request/exchange.ts";
import { isClosed } from "../../../src/rules/policies/fail-closed.ts";
import { lacksBackend } from "../../../src/rules/policies/no-backend.ts";
import type { HostRules, Route, Rules } from "../../../src/rules/snapshot.ts";
import { explain } from "../../explain/explain.ts";
import { POD_REASONS } from "./diagnostics.ts";
import { type Finding, isAboutIngress } from "./finding.ts";

/** Address of the client in sample requests: a public one, which no list of real clients contains. */
export const SAMPLE_CLIENT_ADDRESS = "198.51.100.1";

/** The rules of the edge and of ingress-nginx, and the function that returns the plaintext of their secrets. */
export interface AnswerSource {
  readonly rules: Rules;
  /** The same rules, if the edge reached every Service, as ingress-nginx does. */
  readonly reachableRules: Rules;
  readonly decrypt: RequestServices["decrypt"];
}

export function createAnswerSource(rules: Rules, decrypt: RequestServices["decrypt"]): AnswerSource {
  return { rules, reachableRules: { ...rules, hosts: rules.hosts.map(withReachableBackends) }, decrypt };
}

/** Adds the response of the edge at the URL of a finding. For a note, ingress-nginx has the same response. */
export async function withResponses(finding: Finding, source: AnswerSource): Promise<Finding> {
  const { url, kind, rule } = finding;
  if (url === undefined) return finding;
  const edgress = finding.edgress ?? (await describeResponse(url, source));
  if (!isAboutIngress(finding)) return { ...finding, edgress };
  if (kind === "note") return { ...finding, nginx: edgress, edgress };
  const nginx = finding.nginx ?? (POD_REASONS.includes(rule) ? await describeNginxResponse(url, source) : undefined);
  return { ...finding, ...(nginx !== undefined && { nginx }), edgress };
}

/** Describes a response: `"shop/cart:80 /x"`, with the path if it was rewritten, or the status. */
async function describeResponse(url: string, { rules, decrypt }: AnswerSource): Promise<string> {
  const { status, location, route, origin } = await explainSample(url, rules, decrypt);
  if (status !== "from-origin") return location === undefined ? String(status) : `${status} ${location}`;
  const [requestedPath, fetchedPath] = [extractPath(url), extractPath(origin?.url ?? url)];
  return requestedPath === fetchedPath ? `${route?.backend}` : `${route?.backend} ${fetchedPath}`;
}

/** Describes the response of ingress-nginx, which reaches Services without an external address. */
async function describeNginxResponse(
  url: string,
  { reachableRules, decrypt }: AnswerSource,
): Promise<string | undefined> {
  const { status, location, outcome } = await explainSample(url, reachableRules, decrypt);
  if (status === "from-origin") return "the Service's Pods";
  if (outcome === "failed-closed") return undefined; // another finding describes it
  return location === undefined ? String(status) : `${status} ${location}`;
}

function explainSample(url: string, rules: Rules, decrypt: AnswerSource["decrypt"]) {
  return explain(rules, { url, method: "GET", headers: [["CF-Connecting-IP", SAMPLE_CLIENT_ADDRESS]] }, decrypt);
}

function withReachableBackends(host: HostRules): HostRules {
  return { ...host, routes: host.routes.map(withReachableBackend) };
}

function withReachableBackend(route: Route): Route {
  if (!lacksBackend(route.policies) || isClosed(route.policies)) return route;
  const { noBackend: _, ...policies } = route.policies;
  return { ...route, policies, backend: "Pods" };
}

function extractPath(url: string): string {
  return url.replace(/^https?:\/\/[^/]*/, "") || "/";
}
