import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

// The KV namespace, the cache and the origin of a measured Worker, in a process of their own, so that their CPU is not the
// Worker's. workerd reads a namespace over HTTP: https://github.com/cloudflare/workerd/blob/main/src/workerd/server/workerd.capnp
// Its arguments are the file of the namespace and the ms until KV answers. It answers GET /counts.

/** The operations since the last request for them. */
export interface StorageCounts {
  readonly manifestReads: number;
  readonly bulkReads: number;
  readonly keys: number; // of the bulk reads
  readonly bytes: number;
}

const MAX_BULK_KEYS = 100; // of Workers KV
const NO_COUNTS: StorageCounts = { manifestReads: 0, bulkReads: 0, keys: 0, bytes: 0 };

let counts = NO_COUNTS;
const delayMs = Number(process.argv[3] ?? 0);
const values = new Map(JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as [string, string][]);

const kv = await listen(async (request, response) => {
  if (request.url === "/counts") {
    response.end(JSON.stringify(counts));
    counts = NO_COUNTS;
  } else if (request.url === "/bulk/get") await answerBulkRead(await readBody(request), response);
  else await answerRead(decodeURIComponent((request.url ?? "").slice(1).replace(/\?.*/, "")), response);
});
const cache = await listen((request, response) => {
  response.writeHead(request.method === "PUT" ? 204 : 504, { "CF-Cache-Status": "MISS" }).end();
});
const origin = await listen((_, response) => response.end("hello\n"));
process.on("disconnect", () => process.exit());
process.send?.({ kv, cache, origin });

async function answerRead(key: string, response: ServerResponse): Promise<void> {
  const value = values.get(key);
  counts = { ...counts, manifestReads: counts.manifestReads + 1, bytes: counts.bytes + (value?.length ?? 0) };
  await sleep(delayMs);
  if (value === undefined) response.writeHead(404).end();
  else response.end(value);
}

async function answerBulkRead(body: string, response: ServerResponse): Promise<void> {
  const { keys } = JSON.parse(body) as { readonly keys: readonly string[] };
  if (keys.length > MAX_BULK_KEYS) {
    response.writeHead(400).end(`You can request a maximum of ${MAX_BULK_KEYS} keys`);
    return;
  }
  const text = JSON.stringify(Object.fromEntries(keys.map((key) => [key, values.get(key) ?? null])));
  counts = {
    ...counts,
    bulkReads: counts.bulkReads + 1,
    keys: counts.keys + keys.length,
    bytes: counts.bytes + text.length,
  };
  await sleep(delayMs);
  response.end(text);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<number> {
  const server = createServer((request, response) => void answer(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
