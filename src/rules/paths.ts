// A path is matched as nginx matches it: percent-decoded, slashes merged, dot segments resolved. It is held as a byte
// string (one character a byte, UTF-8), since what is decoded need not be valid text: /%FF is a path too.

/** Longest path that expressions are tried on, in bytes. nginx refuses request lines over 8 KiB. */
export const MAX_REGEX_SUBJECT_BYTES = 4096;

const NORMALIZED_PATH = /^(?!.*\/(?:\/|\.))[!-$&-~]*$/;
const PERCENT_ESCAPE = /%([0-9A-Fa-f]{2})/g;
const INVALID_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const CHARACTERS_TO_ESCAPE = /[\x00-\x20"#%<>?\\^`{|}\x7f-\xff]/g;
// Dot segments as a URL has them, which fetch resolves whatever it is given.
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
// What fetch would escape in a path; and the backslash, of which it would make a slash.
const CHARACTERS_ESCAPED_BY_FETCH = /["<>\\^`{}]/g;

/** A text's UTF-8 bytes, one character a byte. The text must be well-formed Unicode. */
export function toByteString(text: string): string {
  return encodeURIComponent(text).replace(PERCENT_ESCAPE, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/**
 * The path that is matched, from the path as the client sent it, or nothing where nginx answers 400: a broken escape,
 * a NUL, or `..` above the root. `"/a/%2e%2e//b%2Fc"` → `"/b/c"`.
 */
export function normalizePath(rawPath: string): string | undefined {
  if (rawPath === "") return "/";
  if (NORMALIZED_PATH.test(rawPath)) return rawPath;
  if (INVALID_ESCAPE.test(rawPath)) return undefined;
  const bytes = rawPath.replace(/[^%]+/g, (text) => (isAscii(text) ? text : toByteString(text.toWellFormed())));
  const decodedPath = bytes.replace(PERCENT_ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodedPath.includes("\0") ? undefined : resolveDotSegments(decodedPath);
}

/** Writes a byte string as nginx does after a rewrite. A backslash is escaped too: a URL would make a slash of it. */
export function encodePath(bytes: string): string {
  return bytes.replace(CHARACTERS_TO_ESCAPE, percentEncode);
}

/**
 * The path to ask an origin for where none is rewritten: the client's own, but with no dot segments left. fetch would
 * resolve those before it merges slashes, and ask for another path than the one that was matched.
 */
export function buildOriginPath(rawPath: string, normalizedPath: string): string {
  return DOT_SEGMENT.test(rawPath)
    ? encodePath(normalizedPath)
    : rawPath.replace(CHARACTERS_ESCAPED_BY_FETCH, percentEncode);
}

/** A path as an Ingress writes it, percent-decoded as requests are; one whose escapes are no UTF-8 stays as it is. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function percentEncode(byte: string): string {
  return `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}

function resolveDotSegments(path: string): string | undefined {
  const output: string[] = [];
  const segments = path.split("/").slice(1);
  const lastSegment = segments.at(-1);
  for (const segment of segments) {
    if (segment === "..") {
      if (output.pop() === undefined) return undefined;
    } else if (segment !== "." && segment !== "") output.push(segment);
  }
  const slash = output.length > 0 && (lastSegment === "" || lastSegment === "." || lastSegment === "..") ? "/" : "";
  return `/${output.join("/")}${slash}`;
}
