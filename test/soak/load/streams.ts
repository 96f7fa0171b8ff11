import { createHash } from "node:crypto";
import type { ClientRequest } from "node:http";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import type { Random } from "../random.ts";
import { DOWNLOAD_BLOCK } from "../world/origins.ts";
import { buildAdmitted, type LoadTurn, readEcho, withTicket } from "./load.ts";

const MAX_UPLOAD_BYTES = 4_000_000;
const MAX_DOWNLOAD_BYTES = 8_000_000;
const MAX_EVENTS = 100;
const MAX_UPLOAD_PAUSE_MS = 20;

const SCHEMES = ["http", "https"] as const;

/** Sends a body in parts. The origin must receive each byte, in order. */
export const sendUpload: LoadTurn = async ({ client, checker, random }) => {
  const admitted = buildAdmitted(random, "upload", random.pick(SCHEMES), `upload/${random.below(1000)}`, "POST");
  const { request, scheme, path, headers } = admitted;
  const bytes = 1 + random.below(random.pick([1000, MAX_UPLOAD_BYTES]));
  const parts = splitBody(bytes, random);
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  const length = random.next() < 0.5 ? { "Content-Length": String(bytes) } : { "Transfer-Encoding": "chunked" };
  await withTicket(checker, request, async (ticket) => {
    const allHeaders = { ...headers, ...length, "X-Request-ID": ticket.id };
    const options = { scheme, method: "POST", host: request.host.name, path, headers: allHeaders };
    const response = await client.send(options, (outgoing) => void writeParts(outgoing, parts, random));
    const echo = readEcho(response.headers);
    await text(response);
    const expected = `${bytes} bytes ${hash.digest("hex")}`;
    const got = `${echo?.bytes} bytes ${echo?.digest}`;
    const problem = got === expected ? undefined : `upload ${got}, sent ${expected}`;
    ticket.answered({ status: response.statusCode ?? 0, headers: response.headers, echo, problem }, 200);
  });
};

function splitBody(bytes: number, random: Random): Buffer[] {
  const parts: Buffer[] = [];
  for (let rest = bytes; rest > 0; ) {
    const start = random.below(1000);
    const part = DOWNLOAD_BLOCK.subarray(start, start + Math.min(rest, 1 + random.below(60_000)));
    parts.push(part);
    rest -= part.length;
  }
  return parts;
}

async function writeParts(request: ClientRequest, parts: readonly Buffer[], random: Random): Promise<void> {
  for (const part of parts) {
    if (request.destroyed) return; // its error is reported
    request.write(part);
    if (random.next() < 0.1) await sleep(random.below(MAX_UPLOAD_PAUSE_MS));
  }
  request.end();
}

/** Reads a large body. Each byte must come, in order. */
export const readDownload: LoadTurn = async ({ client, checker, random }) => {
  const bytes = 1 + random.below(MAX_DOWNLOAD_BYTES);
  const admitted = buildAdmitted(random, "download", random.pick(SCHEMES), `download/${bytes}`);
  const { request, scheme, path, headers } = admitted;
  await withTicket(checker, request, async (ticket) => {
    const options = { scheme, host: request.host.name, path, headers: { ...headers, "X-Request-ID": ticket.id } };
    const response = await client.send(options);
    let received = 0;
    let problem: string | undefined;
    for await (const part of response as AsyncIterable<Buffer>) {
      problem ??= findDamage(part, received);
      received += part.length;
    }
    if (received !== bytes) problem ??= `${received} of ${bytes} bytes`;
    const { statusCode: status = 0, headers: receivedHeaders } = response;
    ticket.answered({ status, headers: receivedHeaders, echo: readEcho(receivedHeaders), problem }, 200);
  });
};

/** Compares a part of a download with the bytes at its offset. */
function findDamage(part: Buffer, offset: number): string | undefined {
  for (let start = 0; start < part.length; ) {
    const blockStart = (offset + start) % DOWNLOAD_BLOCK.length;
    const length = Math.min(part.length - start, DOWNLOAD_BLOCK.length - blockStart);
    if (!part.subarray(start, start + length).equals(DOWNLOAD_BLOCK.subarray(blockStart, blockStart + length)))
      return `other bytes after byte ${offset + start}`;
    start += length;
  }
  return undefined;
}

/** Reads a stream of events to its end. None may be missing or come twice. */
export const readEvents: LoadTurn = async ({ client, checker, random }) => {
  const count = 1 + random.below(MAX_EVENTS);
  const admitted = buildAdmitted(random, "SSE", random.pick(SCHEMES), `events/${count}`);
  const { request, scheme, path, headers } = admitted;
  await withTicket(checker, request, async (ticket) => {
    const allHeaders = { ...headers, Accept: "text/event-stream", "X-Request-ID": ticket.id };
    const response = await client.send({ scheme, host: request.host.name, path, headers: allHeaders });
    const numbers = [...(await text(response)).matchAll(/^id: (\d+)\ndata: event \1\n\n/gm)].map(([, id]) =>
      Number(id),
    );
    const gap = numbers.findIndex((number, index) => number !== index);
    const isWhole = gap < 0 && numbers.length === count;
    const problem = isWhole ? undefined : `events ${numbers.slice(-3)} of ${count}`;
    const { statusCode: status = 0, headers: received } = response;
    ticket.answered({ status, headers: received, echo: readEcho(received), problem }, 200);
  });
};
