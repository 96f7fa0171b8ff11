import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP, type Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { buildClientAuth } from "./client-certificate.ts";
import { parseHeaderPairs, stripHopByHop } from "./raw-headers.ts";

const COLO = "DEV";

/** Returns a request's absolute URL as text, or undefined if it has no host or several. */
export function buildRequestUrl(
  { url = "/", rawHeaders }: IncomingMessage,
  scheme: "http" | "https",
): string | undefined {
  const absoluteUrl = /^https?:\/\/([^/?#]+)(.*)$/is.exec(url);
  if (absoluteUrl)
    return `${scheme}://${absoluteUrl[1]}${ensureLeadingSlash(escapeInvalidCharacters(absoluteUrl[2] ?? ""))}`;
  const hosts = parseHeaderPairs(rawHeaders).filter(([name]) => name.toLowerCase() === "host");
  const host = hosts[0]?.[1];
  if (!host || hosts.length > 1 || !url.startsWith("/")) return undefined;
  return `${scheme}://${host}${escapeInvalidCharacters(url)}`;
}

function ensureLeadingSlash(target: string): string {
  return target.startsWith("/") ? target : `/${target}`;
}

/** workerd returns 400 "invalid URI" for these characters. All others are forwarded unchanged. */
function escapeInvalidCharacters(target: string): string {
  const queryStart = target.includes("?") ? target.indexOf("?") : target.length;
  const percentEncode = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return (
    target.slice(0, queryStart).replace(/[<>`]/g, percentEncode) +
    target.slice(queryStart).replace(/[<>`"]/g, percentEncode)
  );
}

/**
 * Percent-encodes bytes beyond ASCII in the first request target of a connection. Node's server would return 400 for them,
 * and curl sends them unencoded.
 */
export function encodeRequestTarget(socket: Socket, onEncoded: () => void): void {
  socket.on("error", () => undefined); // "close" follows
  socket.once("data", (chunk: Buffer) => {
    socket.pause();
    const lineEnd = chunk.indexOf("\r\n");
    const line = chunk.subarray(0, Math.max(lineEnd, 0)).toString("latin1");
    const encodedLine = line.replace(/[\x7f-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase()}`);
    socket.unshift(Buffer.concat([Buffer.from(encodedLine, "latin1"), chunk.subarray(line.length)]));
    onEncoded();
    socket.resume();
  });
}

/** Returns the headers for the Worker: the client's, and those that Cloudflare sets. */
export function buildWorkerHeaders(request: IncomingMessage, scheme: "http" | "https", url: string): string[] {
  const { rawHeaders, socket } = request;
  const address = socket.remoteAddress ?? "127.0.0.1";
  const claimedAddress = String(request.headers["cf-connecting-ip"] ?? "");
  const forwardedFor = parseHeaderPairs(rawHeaders).filter(([name]) => name.toLowerCase() === "x-forwarded-for");
  return [
    "Host",
    /^\w+:\/\/([^/]*)/.exec(url)?.[1] ?? "",
    ...stripHopByHop(rawHeaders, isOverwrittenHeader),
    "X-Forwarded-For",
    [...forwardedFor.map(([, value]) => value), address].join(", "),
    "X-Forwarded-Proto",
    scheme,
    // A local client may set its address, because address rules must be testable.
    "CF-Connecting-IP",
    isIP(claimedAddress) ? claimedAddress : address,
    "CF-Visitor",
    JSON.stringify({ scheme }),
    "CF-Ray",
    `${randomBytes(8).toString("hex")}-${COLO}`,
    "MF-CF-Blob",
    stringifyAscii(buildCfObject(request)),
  ];
}

const OVERWRITTEN_HEADERS = new Set(
  "host content-length expect x-forwarded-for x-forwarded-proto cf-connecting-ip cf-visitor cf-ray".split(" "),
);

function isOverwrittenHeader(name: string): boolean {
  return OVERWRITTEN_HEADERS.has(name) || name.startsWith("mf-") || name.startsWith("x-cf-blob");
}

/** Builds `request.cf`. */
function buildCfObject({ socket, httpVersion, headers }: IncomingMessage) {
  const clientProperties = {
    colo: COLO,
    httpProtocol: `HTTP/${httpVersion}`,
    clientAcceptEncoding: headers["accept-encoding"],
  };
  if (!(socket instanceof TLSSocket)) return { ...clientProperties, tlsVersion: "", tlsCipher: "" };
  return {
    ...clientProperties,
    tlsVersion: socket.getProtocol() ?? "",
    tlsCipher: socket.getCipher().standardName,
    tlsClientAuth: buildClientAuth(socket),
  };
}

/** Headers are ASCII only, but a certificate's subject can have other characters. */
function stringifyAscii(value: object): string {
  return JSON.stringify(value).replace(
    /[\x7f-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
