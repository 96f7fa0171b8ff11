import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocketServer } from "ws";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";

// The server of the suite's Pods, as `conformance/echo-basic` of the Gateway API describes it.

export interface EchoPod extends ListeningServer {
  /** Lines of the Pod's log since a time in milliseconds. */
  readLog(sinceMs: number): string[];
}

export interface PodIdentity {
  readonly namespace: string;
  readonly pod: string;
}

interface EchoContext extends PodIdentity {
  readonly log: (line: string) => void;
  /** Failures so far, by the uuid of a simulated retry. */
  readonly failures: Map<string, number>;
}

/** Starts the server of one Pod on a free port of loopback. */
export async function startEchoPod(identity: PodIdentity): Promise<EchoPod> {
  const lines: { time: number; line: string }[] = [];
  const context: EchoContext = {
    ...identity,
    log: (line) => lines.push({ time: Date.now(), line }),
    failures: new Map(),
  };
  const server = createServer((request, response) => void respond(request, response, context));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on("message", (message, isBinary) => webSocket.send(message, { binary: isBinary }));
      webSocket.on("error", () => webSocket.terminate());
    });
  });
  const listener = await listen(server, 0);
  return {
    ...listener,
    readLog: (sinceMs) => lines.filter(({ time }) => time >= sinceMs).map(({ line }) => line),
  };
}

async function respond(request: IncomingMessage, response: ServerResponse, context: EchoContext): Promise<void> {
  const { pathname, searchParams } = parseUrl(request);
  const [, status] = /^\/status\/(\d{3})$/.exec(pathname) ?? [];
  if (status !== undefined) response.writeHead(Number(status)).end();
  else if (pathname.startsWith("/retry/")) await simulateRetry(request, response, context, searchParams);
  else await echo(request, response, context, searchParams);
}

function parseUrl({ url = "/" }: IncomingMessage): URL {
  return new URL(`http://pod${url}`);
}

/** Fails `succeedAfter` times for each uuid: with `responseCode`, or with a reset connection. */
async function simulateRetry(
  request: IncomingMessage,
  response: ServerResponse,
  context: EchoContext,
  query: URLSearchParams,
): Promise<void> {
  const [uuid, succeedAfter] = [query.get("uuid"), query.get("succeedAfter")];
  if (!uuid || !succeedAfter) {
    response.writeHead(400).end("uuid and succeedAfter are required");
    return;
  }
  const failures = context.failures.get(uuid) ?? 0;
  if (failures >= Number(succeedAfter)) {
    await echo(request, response, context, query);
    return;
  }
  context.failures.set(uuid, failures + 1);
  await delay(parseDuration(query.get("delayRetry")));
  const responseCode = query.get("responseCode");
  if (responseCode === null) request.socket.resetAndDestroy();
  else response.writeHead(Number(responseCode)).end();
}

async function echo(
  request: IncomingMessage,
  response: ServerResponse,
  { namespace, pod, log }: EchoContext,
  query: URLSearchParams,
): Promise<void> {
  const { method, url, httpVersion, headers, socket } = request;
  log(`Echoing back request made to ${url} to client (${socket.remoteAddress}:${socket.remotePort})`);
  await delay(parseDuration(query.get("delay")));
  for (const [name, value] of listRequestedHeaders(request)) response.appendHeader(name, value);
  response.setHeader("Content-Type", "application/json");
  response.setHeader("X-Content-Type-Options", "nosniff");
  const proto = `HTTP/${httpVersion}`;
  const body = { path: url, host: headers.host, method, proto, headers: collectHeaders(request), httpPort: "3000" };
  response.end(JSON.stringify({ ...body, namespace, ingress: "", service: "", pod }));
}

/** The response headers that `X-Echo-Set-Header: Name:value,Other:value` asks for. Values of one name are joined. */
function listRequestedHeaders({ headersDistinct }: IncomingMessage): Map<string, string> {
  const requestedHeaders = new Map<string, string>();
  for (const entry of (headersDistinct["x-echo-set-header"] ?? []).flatMap((value) => value.split(","))) {
    const [, name, value = ""] = /^\s*([^:\s]+):?(.*)$/.exec(entry) ?? [];
    if (name === undefined) continue;
    const earlierValue = requestedHeaders.get(name);
    requestedHeaders.set(name, earlierValue === undefined ? value.trim() : `${earlierValue},${value.trim()}`);
  }
  return requestedHeaders;
}

/** Go's form of a header map: canonical names without Host, and a list of values for each. */
function collectHeaders({ rawHeaders }: IncomingMessage): Record<string, string[]> {
  const headers: Record<string, string[]> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? "").toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    if (name === "Host") continue;
    headers[name] = [...(headers[name] ?? []), rawHeaders[i + 1] ?? ""];
  }
  return headers;
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Returns the milliseconds of a Go duration: "1.5s", "1m30s". */
function parseDuration(text: string | null): number {
  const parts = (text ?? "").matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g);
  return [...parts].reduce((sum, [, number, unit = ""]) => sum + Number(number) * (UNIT_MS[unit] ?? 0), 0);
}
