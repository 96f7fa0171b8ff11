import { Agent, createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { createServer as createTlsServer, type SecureContext } from "node:tls";
import { headersOf, urlOf, withAsciiTarget } from "./arrival.ts";
import { type Certificate, type Certificates, makeCertificate, startCertificates } from "./certificates.ts";
import { listen } from "./listening.ts";
import { type Onward, relay, tunnel } from "./relay.ts";

/** The local edge's listeners. */
export interface Front {
  readonly http: URL;
  readonly https: URL;
  setCertificates(given: ReadonlyMap<string, Certificate>): void;
  close(): Promise<void>;
}

export interface FrontOptions {
  httpPort: number;
  httpsPort: number;
  /** The Worker's own socket, which takes requests in proxy style. */
  worker: URL;
}

const IDLE_MS = 2_000; // workerd closes a kept connection after 5 s
const LIMITS = {
  maxHeaderSize: 128 * 1024,
  requestTimeout: 0,
  shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() === "websocket",
};

/** Listens on 127.0.0.1 and hands every request to the Worker as Cloudflare would. */
export async function startFront({ httpPort, httpsPort, worker }: FrontOptions): Promise<Front> {
  const agent = new Agent({ keepAlive: true, timeout: IDLE_MS, maxFreeSockets: 1024 });
  const certificates = startCertificates();
  const plainRequests = requestsTo(worker, "http", agent);
  const secureRequests = requestsTo(worker, "https", agent);
  const plain = createTcpServer({ noDelay: true }, (socket) =>
    withAsciiTarget(socket, () => plainRequests.emit("connection", socket)),
  );
  const secure = createTlsServer(await tlsOptions(certificates), (socket) =>
    withAsciiTarget(socket, () => secureRequests.emit("connection", socket)),
  );
  secure.on("tlsClientError", (_, socket) => socket.destroy());
  const http = await listen(plain, httpPort);
  const https = await listen(secure, httpsPort).catch(async (error) => {
    await http.close();
    throw error;
  });
  return {
    http: new URL(`http://127.0.0.1:${http.port}`),
    https: new URL(`https://127.0.0.1:${https.port}`),
    setCertificates: (given) => certificates.set(given),
    async close() {
      await Promise.all([http.close(), https.close()]);
      agent.destroy();
    },
  };
}

async function tlsOptions(certificates: Certificates) {
  return {
    ...(await makeCertificate("localhost")), // for clients that name no host
    noDelay: true, // as Node's HTTP servers do; else small answers wait 40 ms
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ["http/1.1"],
    SNICallback: (name: string, done: (error: Error | null, context?: SecureContext) => void) => {
      certificates.contextFor(name).then(
        (context) => done(null, context),
        (error) => done(error),
      );
    },
  };
}

/** A server that listens nowhere: connections are handed to it. */
function requestsTo(worker: URL, scheme: "http" | "https", agent: Agent): Server {
  const server = createServer(LIMITS);
  server.on("request", (request, response) => {
    const onward = onwardOf(request, scheme, worker, agent);
    if (onward) relay(request, response, onward, () => response.writeHead(502).end("the Worker does not answer\n"));
    else response.writeHead(400).end("Bad Request\n");
  });
  server.on("upgrade", (request, socket, head) => {
    const onward = onwardOf(request, scheme, worker, agent);
    const fail = (status: string) => socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
    if (onward) tunnel(request, socket, head, onward, () => fail("502 Bad Gateway"));
    else fail("400 Bad Request");
  });
  return server;
}

function onwardOf(request: IncomingMessage, scheme: "http" | "https", worker: URL, agent: Agent): Onward | undefined {
  const url = urlOf(request, scheme);
  if (url === undefined) return undefined;
  return {
    protocol: "http:",
    host: worker.hostname,
    port: Number(worker.port),
    agent,
    path: url,
    headers: headersOf(request, scheme, url),
  };
}
