import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import Cloudflare from "cloudflare";
import { createDns } from "../../../sync/cloudflare/dns.ts";
import { type LocalCloudflare, startLocalCloudflare } from "../../../sync/local/local-cloudflare.ts";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";
import { type ReceivedResponse, type RequestOptions, sendRequest } from "./http-requests.ts";

/** A Worker that fetches the URL of X-Fetch with the override of X-Override, or responds with its own request. */
export const FETCH_WORKER_SCRIPT = `
export default {
  async fetch(request) {
    const url = request.headers.get("x-fetch");
    if (!url) {
      console.log("seen " + request.url);
      return Response.json({ url: request.url, headers: [...request.headers], cf: request.cf });
    }
    const headers = new Headers(request.headers);
    headers.set("Host", "tried.example.org");
    const { method, body } = request;
    const cf = { resolveOverride: request.headers.get("x-override") ?? undefined };
    return await fetch(url, { method, headers, body, redirect: "manual", cf });
  },
};`;

export const SHOP_ORIGIN = "http://shop.example.com/";

/** Headers of a request that the Worker forwards to the origin. */
export const FORWARDED_HEADERS = { "X-Fetch": SHOP_ORIGIN, "X-Override": "edgress-1.example.com" };

/** A local Cloudflare with a Worker that fetches, and an origin behind the record edgress-1.example.com. */
export interface FetchWorker {
  readonly stack: LocalCloudflare;
  /** Lines that the Worker logged so far. */
  readonly lines: readonly string[];
  /** Responds as the origin. */
  respond: (request: IncomingMessage, response: ServerResponse) => void;
  send(options: RequestOptions, path?: string): Promise<ReceivedResponse>;
  /** Returns the status and the body of a fetch of the Worker, such as "200 reached". */
  fetch(url: string, override?: string): Promise<string>;
  close(): Promise<void>;
}

const ADDRESSES: readonly (readonly [zone: string, label: string, address: string])[] = [
  ["example.com", "edgress-1", "203.0.113.10"],
  ["example.com", "closed", "203.0.113.20"],
  ["example.com", "far", "203.0.113.30"],
  ["example.com", "mute", "203.0.113.40"],
  ["example.com", "secure", "203.0.113.50"],
  ["example.net", "edgress-1", "203.0.113.10"],
  ["example.net", "www", "203.0.113.20"],
];

export async function startFetchWorker(): Promise<FetchWorker> {
  const { worker, remove } = await writeWorkerScript(FETCH_WORKER_SCRIPT);
  const lines: string[] = [];
  const stack = await startLocalCloudflare({
    httpPort: 0,
    httpsPort: 0,
    zones: ["example.com", "example.net", "deep.example.com"],
    worker,
    variables: {},
    log: (line) => lines.push(line),
    loopbackOnly: true,
  });
  const send: FetchWorker["send"] = (options, path = "/") =>
    sendRequest({ stack }, `http://shop.example.com${path}`, options);
  const server = createServer((request, response) => fetchWorker.respond(request, response));
  const origin = await listen(server, 0);
  const fetchWorker: FetchWorker = {
    stack,
    lines,
    respond: (_, response) => response.end("reached"),
    send,
    async fetch(url, override) {
      const headers = { "X-Fetch": url, ...(override !== undefined && { "X-Override": override }) };
      const { status, body } = await send({ headers });
      return `${status} ${body}`;
    },
    async close() {
      await stack.close();
      await origin.close();
      await remove();
    },
  };
  for (const port of [80, 8080]) stack.forward(`203.0.113.10:${port}`, `127.0.0.1:${origin.port}`);
  await addRecords(stack);
  return fetchWorker;
}

async function addRecords({ account }: LocalCloudflare): Promise<void> {
  const client = new Cloudflare({ apiToken: account.token, baseURL: account.baseURL });
  const dns = createDns(client, account.accountId);
  const zones = await dns.listZones();
  for (const [zoneName, label, content] of ADDRESSES) {
    const zone = zones.find(({ name }) => name === zoneName);
    if (!zone) throw new Error(`zone not found: ${zoneName}`);
    await dns.applyChange(zone, { add: [{ type: "A", name: `${label}.${zoneName}`, content }], remove: [] });
  }
  // A record that is not proxied, which the product never adds.
  const zone_id = zones.find(({ name }) => name === "example.com")?.id ?? "";
  const posts = [{ type: "A" as const, name: "grey.example.com", content: "203.0.113.10", ttl: 1 as const }];
  await client.dns.records.batch({ zone_id, posts });
}

/** Writes the script of a Worker to a temporary folder. */
export async function writeWorkerScript(script: string) {
  const folder = await mkdtemp(join(tmpdir(), "edgress-worker-"));
  const worker = join(folder, "worker.js");
  await writeFile(worker, script);
  return { worker, remove: () => rm(folder, { recursive: true }) };
}

/** Listens until the test ends. */
export async function listenDuringTest(
  context: TestContext,
  server: Parameters<typeof listen>[0],
): Promise<ListeningServer> {
  const listener = await listen(server, 0);
  context.after(listener.close);
  return listener;
}
