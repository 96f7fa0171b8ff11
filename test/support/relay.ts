import { connect, createServer, type Socket } from "node:net";
import { type Listening, listen } from "../../sync/dev/listening.ts";

export interface Relay extends Listening {
  /** From now on nothing passes on the connections that are open, and they stay open; new ones are well. */
  freeze(): void;
  /** How many connections are open. */
  connections(): number;
}

/** Passes on what comes, to a port on loopback. */
export async function startRelay(to: number): Promise<Relay> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    const pair = [near, far] as const;
    pairs.add(pair);
    near.pipe(far).pipe(near);
    for (const socket of pair) {
      socket.on("error", () => {}); // its close says enough
      socket.once("close", () => {
        pairs.delete(pair);
        for (const one of pair) one.destroy();
      });
    }
  });
  const listening = await listen(server, 0);
  return {
    ...listening,
    freeze() {
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    connections: () => pairs.size,
  };
}
