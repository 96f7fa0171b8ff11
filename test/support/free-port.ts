import { createServer } from "node:net";
import { listen } from "../../sync/net/listen.ts";

/** Returns a free port of 127.0.0.1. Another process may take it before the caller does. */
export async function findFreePort(): Promise<number> {
  const { port, close } = await listen(createServer(), 0);
  await close();
  return port;
}
