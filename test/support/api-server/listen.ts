import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import { type Certificate, generateCertificate } from "../../../sync/local/network/certificates.ts";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Generates a certificate for localhost. */
export function createServerCertificate(): Promise<Certificate> {
  return generateCertificate("localhost");
}

/** Listens with HTTP/1.1 in plain text. With a certificate, the client chooses HTTP/1.1 or HTTP/2, as in Kubernetes. */
export function startListening(
  handler: RequestHandler,
  port: number,
  pair: Certificate | undefined,
): Promise<ListeningServer> {
  if (!pair) return listen(createServer(handler), port);
  // The HTTP/2 request and response types are compatible with those of HTTP/1.1.
  const server = createSecureServer({ ...pair, allowHTTP1: true }, handler as unknown as never);
  return listen(server, port);
}

/** Drops the connection of a response, with all other streams on it. */
export function dropConnection(response: ServerResponse): void {
  const { session } = "stream" in response ? (response.stream as { session?: { destroy(): void } }) : {};
  if (session) session.destroy();
  else response.socket?.destroy();
}
