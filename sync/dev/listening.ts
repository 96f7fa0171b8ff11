import type { AddressInfo, Server, Socket } from "node:net";
import { UsageError } from "../usage-error.ts";

export interface Listening {
  port: number;
  /** Ends every connection, tunnelled ones included. */
  close(): Promise<void>;
}

/** From where a server can be reached: this machine alone, or, as a Pod's probes need it, every network it is on. */
export type Reach = "loopback" | "everywhere";

const HOSTS = { loopback: "127.0.0.1", everywhere: undefined } as const; // undefined: IPv6 and IPv4, as there are

/** Listens; port 0 picks a free one. A port that cannot be had rejects with one line that names it. */
export async function listen(server: Server, port: number, reach: Reach = "loopback"): Promise<Listening> {
  const host = HOSTS[reach];
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new UsageError(whyNot(error, host ? `${host}:${port}` : `port ${port}`))),
    );
    server.listen({ port, host }, resolve);
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

function whyNot({ code, message }: NodeJS.ErrnoException, where: string): string {
  switch (code) {
    case "EADDRINUSE":
      return `cannot listen on ${where}: the port is in use`;
    case "EACCES":
      return `cannot listen on ${where}: this user may not use the port`;
    default:
      return `cannot listen on ${where}: ${message}`;
  }
}
