// A path is matched as nginx matches it: percent-decoded, slashes merged, dot segments resolved. It is held as a byte
// string (one character a byte, UTF-8), since what is decoded need not be valid text: /%FF is a path too.

/** Longest path that expressions are tried on, in bytes. nginx refuses request lines over 8 KiB. */
export const MAX_EXPRESSION_SUBJECT = 4096;

const PLAIN = /^(?!.*\/(?:\/|\.))[!-$&-~]*$/;
const ESCAPES = /%([0-9A-Fa-f]{2})/g;
const BROKEN_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const NEEDS_ESCAPE = /[\x00-\x20"#%<>?\\^`{|}\x7f-\xff]/g;
// Dot segments as a URL has them, which fetch resolves whatever it is given.
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
// What fetch would escape in a path; and the backslash, of which it would make a slash.
const ESCAPED_BY_FETCH = /["<>\\^`{}]/g;

/** A text's UTF-8 bytes, one character a byte. The text must be well-formed Unicode. */
export function bytesOf(text: string): string {
  return encodeURIComponent(text).replace(ESCAPES, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * The path that is matched, from the path as the client sent it, or nothing where nginx answers 400: a broken escape,
 * a NUL, or `..` above the root. `"/a/%2e%2e//b%2Fc"` → `"/b/c"`.
 */
export function normalisePath(raw: string): string | undefined {
  if (raw === "") return "/";
  if (PLAIN.test(raw)) return raw;
  if (BROKEN_ESCAPE.test(raw)) return undefined;
  const bytes = raw.replace(/[^%]+/g, (text) => (isAscii(text) ? text : bytesOf(text.toWellFormed())));
  const decoded = bytes.replace(ESCAPES, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decoded.includes("\0") ? undefined : withoutDots(decoded);
}

/** Writes a byte string as nginx does after a rewrite. A backslash is escaped too: a URL would make a slash of it. */
export function encodePath(bytes: string): string {
  return bytes.replace(NEEDS_ESCAPE, escaped);
}

/**
 * The path to ask an origin for where none is rewritten: the client's own, but with no dot segments left. fetch would
 * resolve those before it merges slashes, and ask for another path than the one that was matched.
 */
export function forwardedPath(raw: string, normalised: string): string {
  return DOT_SEGMENT.test(raw) ? encodePath(normalised) : raw.replace(ESCAPED_BY_FETCH, escaped);
}

/** A path as an Ingress writes it, percent-decoded as requests are; one whose escapes are no UTF-8 stays as it is. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function escaped(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}

function withoutDots(path: string): string | undefined {
  const kept: string[] = [];
  const segments = path.split("/").slice(1);
  const last = segments.at(-1);
  for (const segment of segments) {
    if (segment === "..") {
      if (kept.pop() === undefined) return undefined;
    } else if (segment !== "." && segment !== "") kept.push(segment);
  }
  const slash = kept.length > 0 && (last === "" || last === "." || last === "..") ? "/" : "";
  return `/${kept.join("/")}${slash}`;
}
