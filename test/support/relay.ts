import { connect, createServer, type Socket } from "node:net";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";

export interface Relay extends ListeningServer {
  /** From now on nothing passes on the connections that are open, and they stay open; new ones are well. */
  freeze(): void;
  /** How many connections are open. */
  connections(): number;
}

/** Passes on what comes, to a port on loopback. */
export async function startRelay(targetPort: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((clientSocket) => {
    const serverSocket = connect(targetPort, "127.0.0.1");
    const pair = [clientSocket, serverSocket] as const;
    pairs.add(pair);
    clientSocket.pipe(serverSocket).pipe(clientSocket);
    for (const socket of pair) {
      socket.on("error", () => {}); // its close says enough
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
