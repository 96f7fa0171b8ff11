import { HOP_BY_HOP_HEADERS } from "../edge-headers.ts";

export type ResponseHeader = readonly [name: string, value: string];

/** Headers that describe the body or the connection. A fixed value would break responses. */
const FRAMING_HEADERS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP_HEADERS.map((name) => name.toLowerCase()),
  ...["content-encoding", "content-length", "content-range", "date"],
]);
const HEADER_NAME = /^[A-Za-z0-9_-]+$/;

/**
 * Reads the words of `more_set_headers` as the headers-more module does: each word is a header. Its options, variables,
 * wildcards and empty values are unsupported: then the result is undefined.
 */
export function readSetHeaders(words: readonly string[]): readonly ResponseHeader[] | undefined {
  const headers = words.filter((word) => word !== "").map(parseHeader);
  const validHeaders = headers.filter((header) => header !== undefined);
  return headers.length === 0 || validHeaders.length < headers.length ? undefined : validHeaders;
}

/** Parses `Name: value`. The name ends at a colon or space; further ones do not belong to the value. */
function parseHeader(word: string): ResponseHeader | undefined {
  const nameEnd = word.search(/[: ]/);
  if (nameEnd === -1) return undefined;
  const name = word.slice(0, nameEnd);
  const rest = word.slice(nameEnd);
  const valueStart = rest.search(/[^: ]/);
  const value = valueStart === -1 ? "" : rest.slice(valueStart).trimEnd();
  const isSettable = HEADER_NAME.test(name) && !name.startsWith("-") && !FRAMING_HEADERS.has(name.toLowerCase());
  return isSettable && value !== "" && !value.includes("$") ? [name, value] : undefined;
}
