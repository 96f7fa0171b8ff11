import { type ClientRequest, Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import type { SoakEdges } from "../world/edges.ts";

export type Scheme = "http" | "https";

export interface ClientRequestOptions {
  readonly scheme: Scheme;
  readonly method?: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The clients of the edge. Most of them keep their connections. */
export interface SoakClient {
  readonly edges: Pick<SoakEdges, "http" | "https">;
  /** Sends a request, and resolves when its answer begins. Rejects if the connection ends, or after 30 s without data. */
  send(options: ClientRequestOptions, writeBody?: (request: ClientRequest) => void): Promise<IncomingMessage>;
  close(): void;
}

/** More than every timeout of the edge: 3 s for KV, and the attempts after it. */
export const CLIENT_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 2_000; // the edge closes an idle connection after 5 s

export function createSoakClient(edges: SoakClient["edges"]): SoakClient {
  const agentOptions = { keepAlive: true, timeout: IDLE_TIMEOUT_MS, maxFreeSockets: 64 };
  const agents = {
    http: new HttpAgent(agentOptions),
    https: new HttpsAgent({ ...agentOptions, rejectUnauthorized: false }),
  };
  return {
    edges,
    send({ scheme, method = "GET", host, path, headers }, writeBody = (request) => void request.end()) {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const options = { host: "127.0.0.1", method, path, headers: { Host: host, ...headers }, agent: agents[scheme] };
      const request =
        scheme === "http"
          ? requestHttp({ ...options, port: edges.http.port })
          : requestHttps({ ...options, port: edges.https.port });
      request.setTimeout(CLIENT_TIMEOUT_MS, () => request.destroy(new Error(`no data for ${CLIENT_TIMEOUT_MS} ms`)));
      request.on("response", resolve).on("error", reject);
      writeBody(request);
      return promise;
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}
