import { createServer, type IncomingMessage } from "node:http";
import { type Listening, listen, type Reach } from "../dev/listening.ts";
import type { Probed } from "./health.ts";
import type { Metrics } from "./metrics.ts";

export interface Endpoints {
  readonly port: number;
  /** Where to listen; a Pod's probes come from outside it. */
  readonly reach: Reach;
  readonly health: () => Probed;
  readonly readiness: () => Probed;
  readonly metrics: Pick<Metrics, "exposition">;
}

interface Answer {
  readonly status: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly text: string;
}

/** Serves /healthz, /readyz and /metrics over http. A port that cannot be had rejects with one line that names it. */
export function startEndpoints(endpoints: Endpoints): Promise<Listening> {
  const server = createServer((request, response) => {
    answerTo(request, endpoints)
      .catch((): Answer => ({ status: 500, text: "the metrics could not be read\n" }))
      .then(({ status, type = "text/plain; charset=utf-8", headers = {}, text }) => {
        const length = Buffer.byteLength(text);
        response.writeHead(status, { "Content-Type": type, "Content-Length": length, ...headers }).end(text);
      });
  });
  return listen(server, endpoints.port, endpoints.reach);
}

async function answerTo({ method, url = "/" }: IncomingMessage, endpoints: Endpoints): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD")
    return { status: 405, headers: { Allow: "GET, HEAD" }, text: "only GET and HEAD\n" };
  switch (url.split("?", 1)[0]) {
    case "/healthz":
      return probeAnswer(endpoints.health());
    case "/readyz":
      return probeAnswer(endpoints.readiness());
    case "/metrics":
      return { status: 200, ...(await endpoints.metrics.exposition()) };
    default:
      return { status: 404, text: "there are /healthz, /readyz and /metrics\n" };
  }
}

function probeAnswer({ ok, why }: Probed): Answer {
  return { status: ok ? 200 : 503, text: `${ok ? "ok" : "no"}: ${why}\n` };
}
