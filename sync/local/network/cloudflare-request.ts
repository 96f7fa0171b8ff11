import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { TLSSocket } from "node:tls";
import { buildClientAuth } from "./client-certificate.ts";
import { listHeaderValues, stripHopByHop } from "./raw-headers.ts";

const COLO = "DEV";
/** The header in which workerd gets the `cf` object of a request. */
const CF_OBJECT_HEADER = "MF-CF-Blob";

/** A name, or an IPv6 address in brackets, with an optional port. */
const HOST = /^([\w.-]+|\[[0-9a-f:.]+\])(:\d*)?$/i;

/** Returns a request's absolute URL as text, or undefined if the request is invalid: without a host, or with two. */
export function buildRequestUrl(
  { url = "/", rawHeaders, headers }: IncomingMessage,
  scheme: "http" | "https",
): string | undefined {
  const hosts = listHeaderValues(rawHeaders, "host");
  if (hosts.length > 1 || (headers["transfer-encoding"] ?? "chunked").toLowerCase() !== "chunked") return undefined;
  const absoluteUrl = /^https?:\/\/([^/?#]+)(.*)$/is.exec(url);
  const [host = "", target] = absoluteUrl
    ? [absoluteUrl[1], ensureLeadingSlash(absoluteUrl[2] ?? "")]
    : [hosts[0], url];
  if (![host, ...hosts].every((value) => HOST.test(value)) || !target.startsWith("/")) return undefined;
  return `${scheme}://${host}${escapeInvalidCharacters(target)}`;
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

/** Returns the headers for the Worker: the client's, and those that Cloudflare sets. */
export function buildWorkerHeaders(request: IncomingMessage, scheme: "http" | "https", url: string): string[] {
  const { rawHeaders, socket } = request;
  const address = socket.remoteAddress ?? "127.0.0.1";
  const claimedAddress = String(request.headers["cf-connecting-ip"] ?? "");
  const cookies = listHeaderValues(rawHeaders, "cookie");
  return [
    "Host",
    /^\w+:\/\/([^/]*)/.exec(url)?.[1] ?? "",
    ...stripHopByHop(rawHeaders, isOverwrittenHeader),
    "X-Forwarded-For",
    [...listHeaderValues(rawHeaders, "x-forwarded-for"), address].join(", "),
    ...(cookies.length > 0 ? ["Cookie", cookies.join("; ")] : []), // as in HTTP/2
    "X-Forwarded-Proto",
    scheme,
    // A local client may set its address, because address rules must be testable.
    "CF-Connecting-IP",
    isIP(claimedAddress) ? claimedAddress : address,
    "CF-Visitor",
    JSON.stringify({ scheme }),
    "CF-Ray",
    `${randomBytes(8).toString("hex")}-${COLO}`,
    CF_OBJECT_HEADER,
    stringifyAscii(buildCfObject(request)),
  ];
}

/** Removes the `cf` object, which only a Worker gets. */
export function stripCfObject(headers: readonly string[]): string[] {
  const position = headers.indexOf(CF_OBJECT_HEADER);
  return headers.toSpliced(position, position < 0 ? 0 : 2);
}

const OVERWRITTEN_HEADERS = new Set(
  "host content-length cookie expect x-forwarded-for x-forwarded-proto cf-connecting-ip cf-visitor cf-ray".split(" "),
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
