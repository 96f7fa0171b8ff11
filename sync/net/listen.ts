import type { AddressInfo, Server, Socket } from "node:net";
import { UsageError } from "../runtime/usage-error.ts";

export interface ListeningServer {
  port: number;
  /** Closes every connection, including tunnels. */
  close(): Promise<void>;
}

/** The network scope of a server: this machine only, or all networks, for the probes of a Pod. */
export type ListenScope = "loopback" | "all-interfaces";

const BIND_HOSTS = { loopback: "127.0.0.1", "all-interfaces": undefined } as const; // undefined: IPv6 and IPv4, if available

/** Listens; port 0 selects a free port. Rejects with a one-line error that names the port if it is not available. */
export async function listen(server: Server, port: number, scope: ListenScope = "loopback"): Promise<ListeningServer> {
  const host = BIND_HOSTS[scope];
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      reject(new UsageError(formatListenError(error, host ? `${host}:${port}` : `port ${port}`))),
    );
    server.listen({ port, host }, resolve);
  });
  const { port: boundPort } = server.address() as AddressInfo; // the address of a TCP server is never a path
  return {
    port: boundPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function formatListenError({ code, message }: NodeJS.ErrnoException, address: string): string {
  switch (code) {
    case "EADDRINUSE":
      return `cannot listen on ${address}: the port is in use`;
    case "EACCES":
      return `cannot listen on ${address}: this user may not use the port`;
    default:
      return `cannot listen on ${address}: ${message}`;
  }
}
