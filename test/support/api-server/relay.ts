import { connect, createServer, type Socket } from "node:net";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";

export interface Relay extends ListeningServer {
  /** Stops all traffic on open connections without closing them. New connections work. */
  freeze(): void;
  /** Returns the number of open connections. */
  connections(): number;
}

/** Starts a TCP proxy to a port on loopback. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((clientSocket) => {
    const serverSocket = connect(targetPort, "127.0.0.1");
    const pair = [clientSocket, serverSocket] as const;
    pairs.add(pair);
    clientSocket.pipe(serverSocket).pipe(clientSocket);
    for (const socket of pair) {
      socket.on("error", () => {}); // the close event follows
      socket.once("close", () => {
        pairs.delete(pair);
        for (const peer of pair) peer.destroy();
      });
    }
  });
  const listening = await listen(server, 0);
  return {
    ...listening,
    freeze() {
      for (const [clientSocket, serverSocket] of pairs) {
        clientSocket.unpipe(serverSocket).pause();
        serverSocket.unpipe(clientSocket).pause();
      }
    },
    connections: () => pairs.size,
  };
}
