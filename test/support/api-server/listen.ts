import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createSecureServer } from "node:http2";
import { type Certificate, generateCertificate } from "../../../sync/local/network/certificates.ts";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The certificate of a server that speaks TLS. */
export function createServerCertificate(): Promise<Certificate> {
  return generateCertificate("localhost");
}

/** Listens in the clear with HTTP/1.1, or where there is a certificate with what the client prefers, as a real one does. */
export function startListening(
  handler: RequestHandler,
  port: number,
  pair: Certificate | undefined,
): Promise<ListeningServer> {
  if (!pair) return listen(createServer(handler), port);
  // Requests and answers of HTTP/2 are made to be taken for those of HTTP/1.1.
  const server = createSecureServer({ ...pair, allowHTTP1: true }, handler as unknown as never);
  return listen(server, port);
}

/** Drops the connection that an answer is on, and all else that is on it. */
export function dropConnection(response: ServerResponse): void {
  const { session } = "stream" in response ? (response.stream as { session?: { destroy(): void } }) : {};
  if (session) session.destroy();
  else response.socket?.destroy();
}
