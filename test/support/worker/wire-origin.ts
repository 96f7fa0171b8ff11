import { createServer, type Socket } from "node:net";
import { listen } from "../../../sync/net/listen.ts";
import { sendRaw } from "./http-requests.ts";
import type { WorkerHarness } from "./worker-harness.ts";

/** An origin that reads a request's head and writes bytes, without an HTTP library in between. */
export interface WireOrigin {
  respond: (socket: Socket, head: string) => void;
  /** Sends bytes to the edge, and returns the origin's request without its Connection header. */
  captureRequest(bytes: string): Promise<{ line: string; headers: string[] }>;
  /** Writes bytes as the origin's response, and returns the client's response without its Connection header. */
  fetchResponse(bytes: string): Promise<{ head: string[]; body: string }>;
  close(): Promise<void>;
}

/** Starts a wire origin in place of `address` ("203.0.113.30:80"), the backend of `host`. */
export async function startWireOrigin(edge: WorkerHarness, address: string, host: string): Promise<WireOrigin> {
  const server = createServer((socket) => {
    let head = "";
    socket.on("error", () => undefined);
    socket.setEncoding("latin1").on("data", (part) => {
      head += part;
      if (head.includes("\r\n\r\n")) origin.respond(socket, head.slice(0, head.indexOf("\r\n\r\n")));
    });
  });
  const { port, close } = await listen(server, 0);
  edge.stack.forward(address, `127.0.0.1:${port}`);
  const origin: WireOrigin = {
    respond: (socket) => socket.destroy(),
    async captureRequest(bytes) {
      const { promise, resolve } = Promise.withResolvers<string>();
      origin.respond = (socket, head) => {
        resolve(head);
        socket.end("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
      };
      await sendRaw(edge, bytes);
      const [line = "", ...headers] = (await promise).split("\r\n");
      return { line, headers: headers.filter(isNotConnection) };
    },
    async fetchResponse(bytes) {
      origin.respond = (socket) => socket.end(Buffer.from(bytes, "latin1"));
      const response = await sendRaw(edge, `GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      const end = response.indexOf("\r\n\r\n");
      return { head: response.slice(0, end).split("\r\n").filter(isNotConnection), body: response.slice(end + 4) };
    },
    close,
  };
  return origin;
}

function isNotConnection(header: string): boolean {
  return !/^connection:/i.test(header);
}
