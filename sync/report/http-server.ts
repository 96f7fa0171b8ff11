import { createServer, type IncomingMessage } from "node:http";
import { type ListeningServer, type ListenScope, listen } from "../net/listen.ts";
import type { ProbeResult } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export interface HttpServerOptions {
  readonly port: number;
  /** Network scope to listen on. Probes of a Pod come from outside the Pod. */
  readonly scope: ListenScope;
  readonly checkHealth: () => ProbeResult;
  readonly checkReadiness: () => ProbeResult;
  readonly metrics: Pick<Metrics, "render">;
}

interface HttpReply {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Serves /healthz, /readyz and /metrics over HTTP. Rejects with one line if the port is not available. */
export function startHttpServer(options: HttpServerOptions): Promise<ListeningServer> {
  const server = createServer((request, response) => {
    buildReply(request, options)
      .catch((): HttpReply => ({ status: 500, text: "metrics could not be collected\n" }))
      .then(({ status, type = "text/plain; charset=utf-8", headers = {}, text }) => {
        const length = Buffer.byteLength(text);
        response.writeHead(status, { "Content-Type": type, "Content-Length": length, ...headers }).end(text);
      });
  });
  return listen(server, options.port, options.scope);
}

async function buildReply({ method, url = "/" }: IncomingMessage, options: HttpServerOptions): Promise<HttpReply> {
  if (method !== "GET" && method !== "HEAD")
    return { status: 405, headers: { Allow: "GET, HEAD" }, text: "method not allowed. Use GET or HEAD\n" };
  switch (url.split("?", 1)[0]) {
    case "/healthz":
      return buildProbeReply(options.checkHealth());
    case "/readyz":
      return buildProbeReply(options.checkReadiness());
    case "/metrics":
      return { status: 200, ...(await options.metrics.render()) };
    default:
      return { status: 404, text: "path not found. Use /healthz, /readyz or /metrics\n" };
  }
}

function buildProbeReply({ ok, reason }: ProbeResult): HttpReply {
  return { status: ok ? 200 : 503, text: `${ok ? "ok" : "no"}: ${reason}\n` };
}
