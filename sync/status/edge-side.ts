import { failure, type Result, success } from "../../src/rules/result.ts";
import { createEdgeClient, type EdgeAnswer } from "../edge/edge-client.ts";

/** The answer of the Worker at one URL. */
export interface EdgeSide {
  readonly url: string;
  readonly answer: EdgeAnswer;
}

/**
 * Asks the Worker for its generation. It asks no published host by itself: a tenant may own that host, and would get the
 * token. Rejects with a `UsageError` if the URL is invalid.
 */
export async function readEdgeSide(url: string | undefined, token: string | undefined): Promise<Result<EdgeSide>> {
  if (url === undefined) return failure("--edge-url is not set. Set it to a trusted host of the Worker");
  if (!token) return failure("EDGRESS_STATUS_TOKEN is not set. Set it to the Worker's secret of this name");
  const client = createEdgeClient(url, token);
  return success({ url: client.url, answer: await client.readStatus() });
}
