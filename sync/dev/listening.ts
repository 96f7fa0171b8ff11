import type { AddressInfo, Server, Socket } from "node:net";
import { UsageError } from "../usage-error.ts";

export interface Listening {
  port: number;
  /** Ends every connection, tunnelled ones included. */
  close(): Promise<void>;
}

/** Listens on 127.0.0.1; port 0 picks a free one. A port that cannot be had rejects with one line that names it. */
export async function listen(server: Server, port: number): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(new UsageError(whyNot(error, port))));
    server.listen(port, "127.0.0.1", resolve);
  });
  const { port: bound } = server.address() as AddressInfo; // a TCP server's address is never a path
  return {
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function whyNot({ code, message }: NodeJS.ErrnoException, port: number): string {
  switch (code) {
    case "EADDRINUSE":
      return `cannot listen on 127.0.0.1:${port}: the port is in use`;
    case "EACCES":
      return `cannot listen on 127.0.0.1:${port}: this user may not use the port`;
    default:
      return `cannot listen on 127.0.0.1:${port}: ${message}`;
  }
}
