import { createServer, Agent as HttpAgent, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { BlockList, isIP } from "node:net";
import { listen } from "./listening.ts";
import { endToEnd, type Failure, type Onward, relay, tunnel } from "./relay.ts";
import { type Names, type Resolved, resolve } from "./resolve.ts";

/** What lies behind the Worker's fetches. */
export interface Internet {
  readonly port: number;
  /** Sends what is meant for `address` ("203.0.113.10:80") to `to` ("127.0.0.1:41234"). */
  forward(address: string, to: string): void;
  close(): Promise<void>;
}

export interface InternetOptions {
  names: Names;
  /** Whether an address that is neither forwarded nor loopback is answered with 522, with no packet sent. */
  loopbackOnly?: boolean;
  connectTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 19_000; // Cloudflare's own: https://developers.cloudflare.com/fundamentals/reference/connection-limits/
const IDLE_MS = 4_000; // below the 5 s after which many servers close a kept connection

const CODES: Record<Failure, Refused> = {
  unresolved: { status: 530, error: 1016 },
  refused: { status: 521, error: 521 },
  timeout: { status: 522, error: 522 },
  handshake: { status: 525, error: 525 },
  reset: { status: 520, error: 520 },
};

type Refused = Extract<Resolved, { error: number }>;

/** Starts it on a free port of 127.0.0.1. Requests reach it in proxy style, with the fetch's `cf` object in X-Cf-Blob. */
export async function startInternet(options: InternetOptions): Promise<Internet> {
  const forwards = new Map<string, string>();
  const kept = { keepAlive: true, timeout: IDLE_MS };
  const agents = { "http:": new HttpAgent(kept), "https:": new HttpsAgent(kept) };
  const onwardOf = (request: IncomingMessage) => {
    try {
      return route(request, options, forwards, agents);
    } catch {
      return { status: 400, error: 400 }; // not from the Worker: it sends whole URLs and JSON
    }
  };

  const server = createServer({
    maxHeaderSize: 256 * 1024,
    requestTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 60_000, // workerd closes first
    requireHostHeader: false,
    shouldUpgradeCallback: ({ headers }) => headers.upgrade?.toLowerCase() === "websocket",
  });
  server.on("request", (request, response) => {
    response.removeHeader("Connection"); // else Node's own Connection and Keep-Alive reach the Worker
    const onward = onwardOf(request);
    if ("error" in onward) refuse(response, onward);
    else relay(request, response, onward, (failure) => refuse(response, CODES[failure]));
  });
  server.on("upgrade", (request, socket, head) => {
    const onward = onwardOf(request);
    if ("error" in onward) socket.end(refusalText(onward));
    else tunnel(request, socket, head, onward, (failure) => socket.end(refusalText(CODES[failure])));
  });

  const { port, close } = await listen(server, 0);
  return {
    port,
    forward: (address, to) => forwards.set(address, to),
    async close() {
      for (const agent of Object.values(agents)) agent.destroy();
      await close();
    },
  };
}

function route(
  request: IncomingMessage,
  { names, loopbackOnly = false, connectTimeoutMs = CONNECT_TIMEOUT_MS }: InternetOptions,
  forwards: ReadonlyMap<string, string>,
  agents: Record<"http:" | "https:", HttpAgent>,
): Onward | Refused {
  const target = request.url ?? "";
  const url = new URL(target);
  const resolved = resolve(url, overrideIn(request), names);
  if ("error" in resolved) return resolved;
  const { address, port } = resolved;
  const forwarded = forwards.get(isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`);
  if (!forwarded && loopbackOnly && !isLoopback(address)) return CODES.timeout;
  const [, host = address, to = String(port)] = forwarded?.match(/^\[?(.*?)\]?:(\d+)$/) ?? [];
  const protocol = url.protocol === "https:" ? "https:" : "http:";
  return {
    protocol,
    host,
    port: Number(to),
    agent: agents[protocol],
    path: pathIn(target),
    // A Worker cannot set Host: it is the URL's, whatever it tried.
    headers: ["Host", url.host, ...endToEnd(request.rawHeaders, isLocal)],
    serverName: url.hostname,
    connectTimeoutMs,
  };
}

function isLocal(name: string): boolean {
  return ["host", "x-cf-blob", "content-length", "expect"].includes(name);
}

function overrideIn({ headers }: IncomingMessage): string | undefined {
  const { resolveOverride } = JSON.parse(String(headers["x-cf-blob"] ?? "{}")) as { resolveOverride?: unknown };
  return typeof resolveOverride === "string" ? resolveOverride : undefined;
}

/** Taken from the text: parsing would change it. */
function pathIn(target: string): string {
  const rest = target.replace(/^[a-z]+:\/\/[^/?#]*/i, "");
  return rest.startsWith("/") ? rest : `/${rest}`;
}

function isLoopback(address: string): boolean {
  const family = isIP(address);
  if (family === 0) return address === "localhost";
  return LOOPBACK.check(address, family === 6 ? "ipv6" : "ipv4");
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

function refuse(response: ServerResponse, { status, error }: Refused): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "text/plain; charset=UTF-8", server: "cloudflare" });
  response.end(`error code: ${error}`);
}

function refusalText({ status, error }: Refused): string {
  const body = `error code: ${error}`;
  return `HTTP/1.1 ${status} Refused\r\nContent-Type: text/plain; charset=UTF-8\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}
