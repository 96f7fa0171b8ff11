import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

// Answers as the service of workerd's kvNamespace and cacheApiOutbound, in a process of its own, so that its CPU is not
// the Worker's. Arguments: NAME=FILE of each snapshot. The header X-Space names the snapshot, or "cache".

const spaces = new Map(
  process.argv.slice(2).map((argument) => {
    const [name = "", file = ""] = argument.split("=");
    const values = JSON.parse(readFileSync(file, "utf8")) as (readonly [key: string, value: string])[];
    return [name, new Map(values)] as const;
  }),
);

async function answer(request: IncomingMessage): Promise<{ status: number; body?: string }> {
  const space = spaces.get(String(request.headers["x-space"]));
  if (!space) return { status: request.method === "PUT" ? 204 : 504 }; // the cache is always empty
  const { pathname } = new URL(request.url ?? "/", "http://kv");
  if (pathname === "/bulk/get") {
    const { keys } = (await json(request)) as { readonly keys: readonly string[] };
    return { status: 200, body: JSON.stringify(Object.fromEntries(keys.map((key) => [key, space.get(key) ?? null]))) };
  }
  const value = space.get(decodeURIComponent(pathname.slice(1)));
  return value === undefined ? { status: 404 } : { status: 200, body: value };
}

const server = createServer(async (request, response) => {
  const { status, body } = await answer(request);
  request.resume();
  response.writeHead(status, { "CF-Cache-Status": "MISS" }).end(body);
});
server.listen(0, "127.0.0.1", () => process.send?.((server.address() as AddressInfo).port));
process.on("disconnect", () => process.exit());
