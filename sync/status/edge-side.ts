import { failure, type Result, success } from "../../src/rules/result.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { createEdgeClient, type EdgeAnswer } from "../edge/edge-client.ts";
import { parseIngressName } from "../publish/route-id.ts";

/** The answer of the Worker at one URL. */
export interface EdgeSide {
  readonly url: string;
  readonly answer: EdgeAnswer;
}

/** Returns the URL to ask: a published host of the Ingress ("namespace/name"), or of any Ingress. */
export function chooseEdgeUrl(hosts: readonly HostRules[], ingress: string | undefined): string | undefined {
  const namedHosts = hosts.filter(({ host }) => !host.includes("*"));
  const ownHost = namedHosts.find(({ routes }) => routes.some(({ id }) => parseIngressName(id) === ingress));
  const host = (ownHost ?? namedHosts[0])?.host;
  return host && `https://${host}`;
}

/** Asks the Worker for its generation. Rejects with a `UsageError` if the URL is invalid. */
export async function readEdgeSide(url: string | undefined, token: string | undefined): Promise<Result<EdgeSide>> {
  if (!token) return failure("EDGRESS_STATUS_TOKEN is not set. Set it to the Worker's secret of this name");
  if (url === undefined) return failure("no published host to ask. Set --edge-url to a URL of the Worker");
  const client = createEdgeClient(url, token);
  return success({ url: client.url, answer: await client.readStatus() });
}
