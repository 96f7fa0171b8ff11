import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import type { LocalCloudflare } from "../../../sync/local/local-cloudflare.ts";
import { generateCertificate } from "../../../sync/local/network/certificates.ts";
import { listen } from "../../../sync/net/listen.ts";

/** A request as an origin received it, body included. */
export interface OriginRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

/** An origin whose response can be changed. By default it responds with its address. */
export interface OriginServer {
  readonly requests: OriginRequest[];
  respond: (response: ServerResponse, request: OriginRequest) => void;
  close(): Promise<void>;
}

/** Starts an origin in place of `address` ("203.0.113.10:80"). */
export async function startOriginServer(
  address: string,
  stack: LocalCloudflare,
  usesTls = false,
): Promise<OriginServer> {
  const origin: Omit<OriginServer, "close"> = {
    requests: [],
    respond: (response) => void response.end(address),
  };
  const onRequest = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = await buffer(incoming).catch(() => undefined);
    if (!body) return;
    const { method = "", url: path = "", headers } = incoming;
    const request = { method, path, headers, body };
    origin.requests.push(request);
    origin.respond(response, request);
  };
  const server = usesTls
    ? createTlsServer(await generateCertificate("origin.example.org"), onRequest)
    : createServer(onRequest);
  const { close } = await listenAndForward(server, address, stack);
  return Object.assign(origin, { close });
}

/** Starts an origin that refuses connections, closes them at the first bytes, or never reads. */
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
