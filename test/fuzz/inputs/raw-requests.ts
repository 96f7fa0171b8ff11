import fc from "fast-check";

const ODD_SEGMENTS = [
  ...["a", "A", "..", ".", "...", "%2e", "%2E.", ".%2e", "%2F", "%2f..", "%5C", "\\", "%00", "%", "%z", "%25", "%252e"],
  ...["é", "%C3%A9", "%FF", "%C0%AF", "/", "//", "\ud800", "\u{1f600}", ";", ";a=b", ":", "@", "~", "+", "*", "$1"],
  ...["__proto__", "constructor", "toString", "%2e%2e%2f", "..;", "|", "^", "`", "{", "}", "[", "]", "<", ">", '"'],
];
const LONG_PARTS = ["a", "/", "/a", "%61", "../", "./", "%2e%2e/", "é", "%C3%A9", "\\", "/.", "a/../", "1", "v1/"];
const MAX_PATH_BYTES = 16_000; // Cloudflare accepts URLs up to 16 KB
/** A request line has none of these within its path. */
const NOT_IN_PATHS = /[\x00-\x20\x7f?#]/g;

/** Raw paths: mutations of `paths`, odd segments, and long repetitions. */
export function buildRawPaths(paths: readonly string[]): fc.Arbitrary<string> {
  const known = fc.constantFrom("/", ...paths);
  const odd = fc
    .array(fc.oneof(fc.constantFrom(...ODD_SEGMENTS, "/", "/"), fc.string({ unit: "binary", maxLength: 3 })), {
      maxLength: 8,
    })
    .map((parts) => `/${parts.join("")}`);
  const respelled = fc.tuple(known, fc.nat(), fc.constantFrom(...SPELLINGS)).map(([path, at, spell]) => {
    const index = at % path.length;
    return path.slice(0, index) + spell(path[index] ?? "") + path.slice(index + 1);
  });
  const long = fc
    .tuple(known, fc.constantFrom(...LONG_PARTS), fc.integer({ min: 1, max: MAX_PATH_BYTES }), known)
    .map(([start, part, bytes, end]) => start + part.repeat(bytes / Buffer.byteLength(part)) + end);
  return fc
    .oneof(
      { weight: 10, arbitrary: known },
      { weight: 20, arbitrary: respelled },
      { weight: 10, arbitrary: fc.tuple(known, odd).map(([path, suffix]) => path + suffix) },
      { weight: 10, arbitrary: odd },
      { weight: 1, arbitrary: long },
    )
    .map((path) => path.replace(NOT_IN_PATHS, ""))
    .map((path) => (path === "" || path.startsWith("/") ? path : `/${path}`));
}

/** Other ways to write a character of a path. */
const SPELLINGS: readonly ((character: string) => string)[] = [
  encodeHex,
  (character) => encodeHex(encodeHex(character)),
  (character) => `${character}/`,
  (character) => `/./${character}`,
  (character) => `x/../${character}`,
  (character) => `${character}%00`,
  (character) => character.toUpperCase(),
  (character) => `${character}é`,
  () => "",
  () => "\\",
];

function encodeHex(text: string): string {
  return [...Buffer.from(text, "utf8")].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

/** Host headers: `hosts` in other spellings, their neighbors, and odd ones. */
export function buildHostHeaders(hosts: readonly string[]): fc.Arbitrary<string> {
  const known = fc.constantFrom(...hosts).map((host) => host.replace(/^\*+/, "a"));
  const suffix = fc.constantFrom("", "", ".", ":", ":80", ".:443", "..", ":80:80", ":x", "%2e", "\u0000", " ");
  const neighbor = fc
    .tuple(fc.constantFrom("", "a.", "www.", "*.", ".", "a.b.", "-", "_", "x"), known)
    .map(([prefix, host]) => prefix + host);
  const spelled = fc.oneof(
    known,
    known.map((host) => host.toUpperCase()),
    neighbor,
  );
  const odd = fc.constantFrom(
    ...[
      "",
      "*",
      "__proto__",
      "constructor",
      "127.0.0.1",
      "1.2.3.4.5",
      "[::1]",
      "[::1]:80",
      "localhost",
      "é.example.com",
    ],
    "a,b",
    `${"a.".repeat(4000)}example.com`,
  );
  return fc.oneof(
    { weight: 8, arbitrary: fc.tuple(spelled, suffix).map((parts) => parts.join("")) },
    { weight: 1, arbitrary: odd },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 20 }) },
  );
}

const HEADER_NAMES = [
  ...["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Original-URL", "X-Request-ID", "Origin"],
  ...["Cookie", "Authorization", "Connection", "Range", "If-None-Match", "Accept", "Accept-Encoding", "Referer"],
  ...["CF-Connecting-IP", "CF-Visitor", "User-Agent", "Access-Control-Request-Method", "X-Canary", "Content-Type"],
];
const HEADER_VALUES = [
  ...[
    "",
    "a",
    "null",
    "always",
    "never",
    "true",
    "0",
    "-1",
    "1.2.3.4",
    "::1",
    "https://a.example.com",
    "Basic",
    "close",
  ],
  ...["Basic Og==", "Basic YW5uOg==", "Bearer x", "bytes=0-", "*", "GET", "a=b; c", "=;=", "x=always", '"', "é", "\t"],
  ...["websocket", "keep-alive, X-Forwarded-For", "gzip, br;q=0", "text/html", "999999999999999999999", "__proto__"],
];

/** Headers that a client may send, with names and values that filters read. */
export const clientHeaders = fc.array(
  fc.tuple(
    fc.constantFrom(...HEADER_NAMES),
    fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(...HEADER_VALUES) },
      fc.string({ maxLength: 12 }),
      fc
        .tuple(fc.constantFrom(",", "a=b;", "1.1.1.1,", '"', "(", "/"), fc.nat(2000))
        .map(([part, n]) => part.repeat(n)),
    ),
  ),
  { maxLength: 4 },
);
