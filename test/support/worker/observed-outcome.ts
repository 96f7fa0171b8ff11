import type { ObservedOutcome, RequestLine } from "../requests.ts";
import { type ListeningEdge, type ReceivedResponse, sendRequest } from "./http-requests.ts";

/** Sends a request to an edge with echo origins, and returns the destination and the headers that each side received. */
export async function observeOutcome(
  edge: ListeningEdge,
  { method, url, headers }: Pick<RequestLine, "method" | "url" | "headers">,
): Promise<ObservedOutcome> {
  const pairs = headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return readOutcome(await sendRequest(edge, url, { method, headers: pairs }));
}

interface EchoBody {
  readonly backend: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

function readOutcome({ status, headers, body }: ReceivedResponse): ObservedOutcome {
  const clientHeader = (name: string) => headers[name.toLowerCase()]?.toString();
  if (headers["x-echo-backend"] === undefined) return { destination: { status }, clientHeader };
  const { backend, method, path, headers: echoHeaders } = JSON.parse(body) as EchoBody;
  const originHeader = (name: string) => echoHeaders[name.toLowerCase()];
  return { destination: { backend }, originRequest: { method, path }, originHeader, clientHeader };
}
