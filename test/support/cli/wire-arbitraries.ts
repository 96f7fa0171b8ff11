import fc from "fast-check";

/** Any bytes, one character a byte. */
const anyBytes = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));

/** Bytes that a parser of HTTP treats specially. */
const specialBytes = fc.constantFrom(
  ...'\0 \t \x01 \x7f \r \n \r\n : , / % " <'.split(" "),
  " ",
  "",
  "\xc3\xa9",
  "\xff",
);
const oddBytes = fc.oneof(specialBytes, anyBytes);

/** Mostly a usual value, so that most messages are valid up to some point. */
function mostly<T>(usual: fc.Arbitrary<T>, ...unusual: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T> {
  return fc.oneof({ weight: 12 * unusual.length, arbitrary: usual }, ...unusual);
}

const position = fc.double({ min: 0, max: 1, noNaN: true });

/** Cuts a message off at some point, or writes other bytes there. */
const damage = mostly<(bytes: string) => string>(
  fc.constant((bytes) => bytes),
  position.map((part) => (bytes) => bytes.slice(0, bytes.length * part)),
  fc.tuple(position, oddBytes).map(([part, inserted]) => (bytes) => {
    const index = Math.floor(bytes.length * part);
    return bytes.slice(0, index) + inserted + bytes.slice(index + 1);
  }),
);

const headerNames =
  "X-A Cookie TE Connection Expect Upgrade Link Set-Cookie Location Trailer Content-Disposition".split(" ");
const headerValues = mostly(fc.constantFrom("a", "close", "chunked", "1", "caf\xc3\xa9", "caf\xe9"), oddBytes);
const headers = fc.array(
  mostly(
    fc.tuple(fc.constantFrom(...headerNames), headerValues).map(([name, value]) => `${name}: ${value}\r\n`),
    fc.tuple(oddBytes, headerValues).map(([name, value]) => `${name}: ${value}\r\n`),
    fc.constantFrom(" folded\r\n", "X-A : b\r\n", "Content-Length: 1, 2\r\n", "Content-Encoding: gzip\r\n", ": x\r\n"),
    fc.constantFrom(1000, 20_000, 140_000, 300_000).map((length) => `X-Long: ${"a".repeat(length)}\r\n`),
  ),
  { maxLength: 4 },
);

const HANDSHAKE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
];
const chunkSizes = fc.constantFrom("3", "3", "0", "zz", "-1", "fffffffffffffffff", "3;a=b", "");

/** The last headers of a message, and its body. */
const bodies = fc.oneof(
  { weight: 8, arbitrary: fc.constant("Connection: close\r\n\r\n") },
  { weight: 4, arbitrary: fc.constant("Content-Length: 3\r\n\r\nabc") },
  { weight: 2, arbitrary: fc.constant(`${HANDSHAKE.join("\r\n")}\r\n\r\n\x81\x85\0\0\0\0hello`) },
  fc.tuple(fc.nat(20), anyBytes).map(([length, body]) => `Content-Length: ${length}\r\n\r\n${body}`),
  fc
    .array(fc.tuple(chunkSizes, fc.oneof(fc.constant("abc"), anyBytes)), { maxLength: 3 })
    .map((chunks) => chunks.map(([size, data]) => `${size}\r\n${data}\r\n`).join(""))
    .map((chunks) => `Transfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`),
  fc.constant("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
  fc.tuple(headerValues, anyBytes).map(([value, rest]) => `Connection: Upgrade\r\nUpgrade: ${value}\r\n\r\n${rest}`),
);

/** What a client writes to the edge. `hosts` are the hosts of the rules. */
export function clientBytes(hosts: readonly string[]): fc.Arbitrary<string> {
  const host = mostly(
    fc.constantFrom(...hosts),
    fc.constantFrom("a b", "a.test/x", "a.test, b.test", "[::1]"),
    oddBytes,
  );
  const target = mostly(
    fc.constantFrom("/", "/a?b", "/\xc3\xa9", "/%zz", "/a/../.."),
    host.map((name) => `http://${name}/x`),
    fc.constantFrom("*", "", "a.test:443", "//", "ftp://a/"),
    oddBytes.map((bytes) => `/${bytes}`),
  );
  const method = mostly(
    fc.constantFrom("GET", "POST", "HEAD"),
    fc.constantFrom("OPTIONS", "CONNECT", "TRACE", "PRI", ""),
  );
  const version = mostly(fc.constant("HTTP/1.1"), fc.constantFrom("HTTP/1.0", "HTTP/2.0", "HTTP/9", ""));
  const message = fc
    .tuple(method, target, version, host, headers, bodies, damage)
    .map(([verb, path, protocol, name, lines, body, spoil]) =>
      spoil(`${verb} ${path} ${protocol}\r\nHost: ${name}\r\n${lines.join("")}${body}`),
    );
  const messages = fc.array(message, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
  const tlsHandshake = anyBytes.map((bytes) => `\x16\x03\x01${bytes}`);
  return mostly(messages, anyBytes, tlsHandshake);
}

const interimResponses = fc.constantFrom(
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".repeat(500),
);

/** What an origin writes to the edge. */
export const originBytes: fc.Arbitrary<string> = fc
  .tuple(
    mostly(fc.constant(""), interimResponses),
    mostly(fc.constant("HTTP/1.1"), fc.constantFrom("HTTP/1.0", "HTTP/2", "ICY", "")),
    fc.constantFrom(..."200 200 200 200 204 304 301 404 500 101 101 000 099 600 999 1000 -1 x".split(" ")),
    mostly(fc.constant("OK"), oddBytes, oddBytes, oddBytes),
    headers,
    bodies,
    damage,
  )
  .map(([interim, protocol, status, phrase, lines, body, spoil]) =>
    spoil(`${interim}${protocol} ${status} ${phrase}\r\n${lines.join("")}${body}`),
  );
