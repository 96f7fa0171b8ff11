import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { clientAuthOf } from "./client-certificate.ts";
import { endToEnd, pairsOf } from "./relay.ts";

const COLO = "DEV";

/** The whole URL that a request asks for, as text; undefined when it names no host, or several. */
export function urlOf({ url = "/", rawHeaders }: IncomingMessage, scheme: "http" | "https"): string | undefined {
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/is.exec(url);
  if (absolute) return `${scheme}://${absolute[1]}${rooted(escaped(absolute[2] ?? ""))}`;
  const hosts = pairsOf(rawHeaders).filter(([name]) => name.toLowerCase() === "host");
  const host = hosts[0]?.[1];
  if (!host || hosts.length > 1 || !url.startsWith("/")) return undefined;
  return `${scheme}://${host}${escaped(url)}`;
}

function rooted(target: string): string {
  return target.startsWith("/") ? target : `/${target}`;
}

/** workerd answers 400 "invalid URI" to these; all others go on as they are. */
function escaped(target: string): string {
  return target.replace(/[<>`]|(?<=\?.*)"/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/**
 * Hands on a connection whose first request target has its bytes beyond ASCII percent-encoded: Node's server would answer
 * 400 to them, and curl sends them as they were typed.
 */
export function withAsciiTarget(socket: Socket, handOn: () => void): void {
  socket.on("error", () => undefined); // "close" follows
  socket.once("data", (chunk: Buffer) => {
    socket.pause();
    const lineEnd = chunk.indexOf("\r\n");
    const line = chunk.subarray(0, Math.max(lineEnd, 0)).toString("latin1");
    const ascii = line.replace(/[\x7f-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
    socket.unshift(Buffer.concat([Buffer.from(ascii, "latin1"), chunk.subarray(line.length)]));
    handOn();
    socket.resume();
  });
}

/** The headers a Worker gets: the client's, and those that Cloudflare writes or overwrites. */
export function headersOf(request: IncomingMessage, scheme: "http" | "https", url: string): string[] {
  const { rawHeaders, socket } = request;
  const address = socket.remoteAddress ?? "127.0.0.1";
  const claimed = String(request.headers["cf-connecting-ip"] ?? "");
  const forwardedFor = pairsOf(rawHeaders).filter(([name]) => name.toLowerCase() === "x-forwarded-for");
  return [
    "Host",
    /^\w+:\/\/([^/]*)/.exec(url)?.[1] ?? "",
    ...endToEnd(rawHeaders, isOurs),
    "X-Forwarded-For",
    [...forwardedFor.map(([, value]) => value), address].join(", "),
    "X-Forwarded-Proto",
    scheme,
    // A client of the local edge may say who it is, so that address rules can be tried out.
    "CF-Connecting-IP",
    isIP(claimed) ? claimed : address,
    "CF-Visitor",
    JSON.stringify({ scheme }),
    "CF-Ray",
    `${randomBytes(8).toString("hex")}-${COLO}`,
    "MF-CF-Blob",
    asciiJson(cfOf(request)),
  ];
}

const OURS = new Set(
  "host content-length expect x-forwarded-for x-forwarded-proto cf-connecting-ip cf-visitor cf-ray".split(" "),
);

function isOurs(name: string): boolean {
  return OURS.has(name) || name.startsWith("mf-") || name.startsWith("x-cf-blob");
}

/** `request.cf`. */
function cfOf({ socket, httpVersion, headers }: IncomingMessage) {
  const client = { colo: COLO, httpProtocol: `HTTP/${httpVersion}`, clientAcceptEncoding: headers["accept-encoding"] };
  if (!(socket instanceof TLSSocket)) return { ...client, tlsVersion: "", tlsCipher: "" };
  return {
    ...client,
    tlsVersion: socket.getProtocol() ?? "",
    tlsCipher: socket.getCipher().standardName,
    tlsClientAuth: clientAuthOf(socket),
  };
}

/** A header carries no character beyond ASCII; a certificate's subject may. */
function asciiJson(value: object): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
