// Paths are matched as in nginx: percent-decoded, slashes merged, dot segments resolved. They are byte strings (one
// character a byte, UTF-8), because a decoded path such as /%FF may be invalid UTF-8.

/** Maximum length of a path to match with regexes, in bytes. nginx rejects request lines over 8 KiB. */
export const MAX_REGEX_SUBJECT_BYTES = 4096;

// Character codes.
const SPACE = 32;
const PERCENT = 37;
const DOT = 46;
const SLASH = 47;
const DELETE = 127;
const OPENING = 40;
const CLOSING = 41;
const VERTICAL_BAR = 124;
// Everything of a regex but its parentheses and alternatives: escapes, classes of characters, other text.
const NOT_IN_OUTLINE = /\\.|\[(?:\\.|[^\]\\])*\]?|[^()|\\[]+|\\$/gs;
const LITERAL_TEXT = /^(?:\\[^A-Za-z0-9]|[^\\.[\](){}|^$*+?])*([*+?{])?/;
const PERCENT_ESCAPE = /%([0-9A-Fa-f]{2})/g;
const INVALID_ESCAPE = /%(?![0-9A-Fa-f]{2})/;
const CHARACTERS_TO_ESCAPE = /[\x00-\x20"#%<>?\\^`{|}\x7f-\xff]/g;
// Dot segments of a URL, which fetch always resolves.
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:\/|$)/i;
// Characters that fetch escapes in a path, and the backslash, which fetch replaces with a slash.
const CHARACTERS_ESCAPED_BY_FETCH = /["<>\\^`{}]/g;

/** Returns the UTF-8 bytes of a text, one character a byte. A lone surrogate is replaced, as in a URL. */
export function toByteString(text: string): string {
  if (isAscii(text)) return text;
  return text
    .toWellFormed()
    .replace(/[^\x00-\x7f]+/g, (characters) => encodeURIComponent(characters).replace(PERCENT_ESCAPE, decodeHex));
}

/**
 * Normalizes the path of a request for matching. Returns undefined if nginx would answer 400: a broken escape, a NUL,
 * or `..` above the root. `"/a/%2e%2e//b%2Fc"` → `"/b/c"`.
 */
export function normalizePath(rawPath: string): string | undefined {
  if (rawPath === "") return "/";
  if (isNormalizedPath(rawPath)) return rawPath;
  if (INVALID_ESCAPE.test(rawPath)) return undefined;
  const decodedPath = decodeEscapes(rawPath);
  return decodedPath.includes("\0") ? undefined : resolveDotSegments(decodedPath);
}

/** Decodes a name or value of a query as that of a form. A broken escape stays as it is. */
export function decodeQueryText(text: string): string {
  return decodeEscapes(text.replaceAll("+", " "));
}

function decodeEscapes(text: string): string {
  return toByteString(text).replace(PERCENT_ESCAPE, decodeHex);
}

function decodeHex(_escape: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

/**
 * Whether a path has only printable ASCII without escapes, double slashes and segments that begin with a dot. One pass over
 * the characters takes half the time of a regex.
 */
function isNormalizedPath(path: string): boolean {
  let previous = 0;
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index);
    if (code <= SPACE || code >= DELETE || code === PERCENT) return false;
    if (previous === SLASH && (code === SLASH || code === DOT)) return false;
    previous = code;
  }
  return true;
}

/** Escapes a byte string as nginx does after a rewrite, and backslashes, which fetch replaces with slashes. */
export function encodePath(bytes: string): string {
  return bytes.replace(CHARACTERS_TO_ESCAPE, percentEncode);
}

/**
 * Returns the path for the origin if no policy rewrites it: the client's path without dot segments. fetch resolves these
 * before it merges slashes, which could result in another path than the matched one.
 */
export function buildOriginPath(rawPath: string, normalizedPath: string): string {
  if (hasDotSegment(rawPath)) return encodePath(normalizedPath);
  return rawPath.search(CHARACTERS_ESCAPED_BY_FETCH) < 0
    ? rawPath
    : rawPath.replace(CHARACTERS_ESCAPED_BY_FETCH, percentEncode);
}

/** Whether an escaped path has a dot segment. fetch would resolve it, so the origin would get another path. */
export function hasDotSegment(escapedPath: string): boolean {
  return DOT_SEGMENT.test(escapedPath);
}

/** Percent-decodes the path of an Ingress. Returns it unchanged if its escapes are not valid UTF-8. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Returns the text with which every path that a regex matches must start: `"/cart(/|$)(.*)"` → `"/cart"`, `"/carts?"` →
 * `"/cart"`. Undefined if the regex has alternatives outside of parentheses.
 */
export function findRegexPrefix(expression: string): string | undefined {
  if (hasTopLevelAlternation(expression)) return undefined;
  const [match, quantifier] = LITERAL_TEXT.exec(expression) ?? ["", undefined];
  const literalText = quantifier === undefined ? match : match.replace(/(?:\\.|[^\\])[*+?{]$/s, "");
  return literalText.includes("\\") ? literalText.replace(/\\(.)/gs, "$1") : literalText;
}

/** Whether a regex has alternatives outside of parentheses, or is a part of one that closes a parenthesis. */
export function hasTopLevelAlternation(expression: string): boolean {
  const outline = expression.replace(NOT_IN_OUTLINE, "");
  let depth = 0;
  for (let index = 0; index < outline.length; index++) {
    const character = outline.charCodeAt(index);
    if (character === VERTICAL_BAR && depth === 0) return true;
    if (character === OPENING) depth += 1;
    if (character === CLOSING) depth -= 1;
    if (depth < 0) return true;
  }
  return false;
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

/** Shorter texts are matched fast enough by V8's interpreter. */
const MAX_INTERPRETED_LENGTH = 100;
const warmRegexes = new WeakSet<RegExp>();

/**
 * Warms up a regex for a long text, and returns it. V8 interprets a regex at its first match and compiles it at the second
 * one, or for a text of 1,000 characters or more. The interpreter is about 5 times slower.
 */
export function warmUpRegex(regex: RegExp, text: string): RegExp {
  if (text.length <= MAX_INTERPRETED_LENGTH || warmRegexes.has(regex)) return regex;
  warmRegexes.add(regex);
  regex.test("");
  return regex;
}
