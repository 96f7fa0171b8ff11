import type { Socket } from "node:net";

/** A part of a message that ends with a line. */
type LinePart =
  | { readonly type: "request-line" | "chunk-size" | "trailer" }
  | { readonly type: "header"; readonly headBytes: number; readonly body: MessagePart };

/** The part of a connection that the next byte belongs to. `opaque`: the rest is not HTTP/1.1, or is invalid. */
type MessagePart =
  | LinePart
  | { readonly type: "content" | "chunk"; readonly bytesLeft: number }
  | { readonly type: "opaque" };

/** The bytes of one part, and the part after them. */
interface ParsedPart {
  readonly length: number;
  readonly output: Buffer;
  readonly nextPart: MessagePart;
}

const MAX_HEAD_BYTES = 128 * 1024; // Cloudflare's limit
const REQUEST_LINE: MessagePart = { type: "request-line" };
const OPAQUE: MessagePart = { type: "opaque" };
/** Node's parser returns 400 for this byte, and closes the connection. */
const INVALID_BYTE = Buffer.from("\0");
const LINE_FEED = 0x0a;

/**
 * Percent-encodes bytes beyond ASCII in the request targets of a connection. Node's server would return 400 for them, and
 * curl sends them unencoded.
 */
export function encodeRequestTargets(socket: Socket): void {
  const push = socket.push.bind(socket);
  const encode = createTargetEncoder();
  socket.push = (chunk: Buffer | null) => push(chunk && encode(chunk));
}

/** Returns a function that encodes the next bytes of a connection. It holds an incomplete line back. */
function createTargetEncoder(): (chunk: Buffer) => Buffer {
  let part: MessagePart = REQUEST_LINE;
  let heldBytes: Buffer = Buffer.alloc(0);
  return (chunk) => {
    let input: Buffer = Buffer.concat([heldBytes, chunk]);
    const outputs: Buffer[] = [];
    for (let parsed = parsePart(part, input); parsed; parsed = parsePart(part, input)) {
      outputs.push(parsed.output);
      input = input.subarray(parsed.length);
      part = parsed.nextPart;
    }
    heldBytes = input;
    return Buffer.concat(outputs);
  };
}

/** Parses the start of `input`, or returns undefined if the part is incomplete. */
function parsePart(part: MessagePart, input: Buffer): ParsedPart | undefined {
  if (input.length === 0) return undefined;
  switch (part.type) {
    case "opaque":
      return { length: input.length, output: input, nextPart: OPAQUE };
    case "content":
    case "chunk": {
      const length = Math.min(part.bytesLeft, input.length);
      return { length, output: input.subarray(0, length), nextPart: continueBody(part.type, part.bytesLeft - length) };
    }
    case "request-line":
    case "header":
    case "chunk-size":
    case "trailer":
      return parseLine(part, input);
  }
}

function parseLine(part: LinePart, input: Buffer): ParsedPart | undefined {
  const length = input.indexOf(LINE_FEED) + 1;
  const headBytes = (part.type === "header" ? part.headBytes : 0) + (length || input.length);
  if (headBytes > MAX_HEAD_BYTES) return { length: input.length, output: INVALID_BYTE, nextPart: OPAQUE };
  // Node rejects a TLS handshake at its first byte, and would wait for the end of a line otherwise.
  const isText = part.type !== "request-line" || /^[A-Za-z\r]/.test(input.toString("latin1", 0, 1));
  if (length === 0) return isText ? undefined : { length: input.length, output: input, nextPart: OPAQUE };
  const line = input.toString("latin1", 0, length);
  const encodedLine = part.type === "request-line" ? encodeBytes(line) : line;
  return { length, output: Buffer.from(encodedLine, "latin1"), nextPart: findNextPart(part, line.trim(), headBytes) };
}

function encodeBytes(line: string): string {
  return line.replace(/[\x7f-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
}

function findNextPart(part: LinePart, line: string, headBytes: number): MessagePart {
  switch (part.type) {
    case "request-line":
      if (line === "") return REQUEST_LINE; // an empty line before a request is allowed
      return { type: "header", headBytes, body: /^connect /i.test(line) ? OPAQUE : REQUEST_LINE };
    case "header":
      return line === "" ? part.body : { type: "header", headBytes, body: findBody(line) ?? part.body };
    case "chunk-size":
      return findChunk(Number.parseInt(line, 16));
    case "trailer":
      return line === "" ? REQUEST_LINE : part;
  }
}

/** Returns the part after the head that a header line sets. Node's parser rejects a head with more than one framing. */
function findBody(line: string): MessagePart | undefined {
  if (/^upgrade:\s*websocket$/i.test(line)) return OPAQUE;
  if (/^transfer-encoding:/i.test(line)) return { type: "chunk-size" };
  const [, length] = /^content-length:\s*(\d+)$/i.exec(line) ?? [];
  return length === undefined ? undefined : continueBody("content", Number(length));
}

function findChunk(size: number): MessagePart {
  if (Number.isNaN(size)) return OPAQUE;
  return size === 0 ? { type: "trailer" } : { type: "chunk", bytesLeft: size + "\r\n".length };
}

function continueBody(type: "content" | "chunk", bytesLeft: number): MessagePart {
  if (bytesLeft > 0) return { type, bytesLeft };
  return type === "content" ? REQUEST_LINE : { type: "chunk-size" };
}
