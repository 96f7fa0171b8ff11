import { once } from "node:events";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import type { LocalCloudflare } from "../../sync/local/local-cloudflare.ts";
import { generateCertificate } from "../../sync/local/network/certificates.ts";
import { listen } from "../../sync/net/listen.ts";

/** What an origin got of a request, once it had all of it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** A stand-in for what listens at an address. Its answer can be changed; without one it says which address it is. */
export interface OriginServer {
  readonly requests: ReceivedRequest[];
  respond: (response: ServerResponse, request: ReceivedRequest) => void;
  /** Called as soon as a request begins, before its body has come. */
  onRequestStart: (request: IncomingMessage, response: ServerResponse) => void;
  close(): Promise<void>;
}

/** Listens in place of `address` ("203.0.113.10:80"). */
export async function startOriginServer(
  address: string,
  stack: LocalCloudflare,
  usesTls = false,
): Promise<OriginServer> {
  const origin: Omit<OriginServer, "close"> = {
    requests: [],
    respond: (response) => void response.end(address),
    onRequestStart: () => {},
  };
  const onRequest = async (incoming: IncomingMessage, response: ServerResponse) => {
    origin.onRequestStart(incoming, response);
    const body = await buffer(incoming).catch(() => undefined);
    if (!body) return;
    const receivedRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body,
    };
    origin.requests.push(receivedRequest);
    origin.respond(response, receivedRequest);
  };
  const server = usesTls
    ? createTlsServer(await generateCertificate("origin.example.org"), onRequest)
    : createServer(onRequest);
  const { close } = await listenAndForward(server, address, stack);
  return Object.assign(origin, { close });
}

/** Has nobody listen at an address, or somebody who is of no use. */
export async function startBrokenOrigin(
  address: string,
  stack: LocalCloudflare,
  fault: "refuse" | "hang-up" | "no-read",
) {
  const sockets: Socket[] = [];
  const server = createTcpServer({ pauseOnConnect: fault === "no-read" }, (socket) => {
    sockets.push(socket.on("error", () => {}));
    if (fault === "hang-up") socket.once("data", () => socket.destroy());
  });
  const { close } = await listenAndForward(server, address, stack);
  if (fault === "refuse") await close();
  return { sockets, close: fault === "refuse" ? async () => {} : close };
}

async function listenAndForward(server: Server, address: string, stack: LocalCloudflare) {
  const listener = await listen(server, 0);
  stack.forward(address, `127.0.0.1:${listener.port}`);
  return listener;
}

/** A cluster in few words: Ingresses by the first label of their host in example.com, Services by name. */
export function buildCluster(
  ingresses: Readonly<
    Record<string, { service?: string; port?: number; path?: string; with?: Record<string, string> }>
  >,
  services: Readonly<Record<string, readonly string[]>>,
  port = 80,
): Cluster {
  const objects = [
    ...Object.entries(ingresses).map(
      ([name, { service = "shop", port: servicePort = port, path = "/", with: annotations = {} }]) => ({
        apiVersion: "networking.k8s.io/v1",
        kind: "Ingress",
        metadata: {
          name,
          annotations: Object.fromEntries(
            Object.entries(annotations).map(([key, value]) => [`nginx.ingress.kubernetes.io/${key}`, value]),
          ),
        },
        spec: {
          rules: [
            {
              host: `${name.replace(/-canary$/, "")}.example.com`,
              http: {
                paths: [
                  { path, pathType: "Prefix", backend: { service: { name: service, port: { number: servicePort } } } },
                ],
              },
            },
          ],
        },
      }),
    ),
    ...Object.entries(services).map(([name, externalIPs]) => ({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name },
      spec: { externalIPs, ports: [{ port: name === "secure" ? 443 : port }] },
    })),
  ];
  const parsed = parseManifest(objects.map((object) => JSON.stringify(object)).join("\n---\n"), "in.yaml");
  if ("unparsableFile" in parsed) throw new Error(parsed.unparsableFile.problem);
  return parseCluster(parsed.objects);
}

export interface SendOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Sends the body without saying how long it is. */
  readonly chunked?: boolean;
}

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** Asks the edge over http, and reads the answer to its end; rejects where that breaks off. */
export async function sendToHost(
  stack: LocalCloudflare,
  host: string,
  path: string,
  options: SendOptions = {},
): Promise<ReceivedResponse> {
  const response = await startRequestToHost(stack, host, path, options);
  const body = await buffer(response);
  return { status: response.statusCode ?? 0, headers: response.headers, body: body.toString() };
}

/** Asks the edge over http, and resolves when the answer begins. */
export async function startRequestToHost(
  stack: LocalCloudflare,
  host: string,
  path: string,
  options: SendOptions = {},
): Promise<IncomingMessage> {
  const { method = "GET", headers = {}, body, chunked = false } = options;
  const length = body !== undefined && !chunked ? { "Content-Length": Buffer.byteLength(body) } : {};
  const framing = chunked ? { "Transfer-Encoding": "chunked" } : length;
  const outgoing = request({
    host: "127.0.0.1",
    port: stack.http.port,
    method,
    path,
    headers: { Host: host, ...headers, ...framing },
    agent: false,
  });
  outgoing.on("error", () => {}); // one before the answer rejects below
  outgoing.end(body);
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  return response;
}

/** Resolves when something holds. It fails by the test's own time limit. */
export async function waitUntilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}
