import fc from "fast-check";
import { clientBytes } from "../../support/cli/wire-arbitraries.ts";
import { buildHostHeaders, buildRawPaths, clientHeaders } from "./raw-requests.ts";

/** Requests within a body or a header, which a server that reads the framing in another way would answer. */
const SMUGGLED = ["GET /secret HTTP/1.1\r\nHost: plain.example.com\r\n\r\n", "0\r\n\r\nGET /secret HTTP/1.1\r\nX: y"];
const FRAMING_LINES = [
  ...["Content-Length: 5", "Content-Length: 0", "content-length: 5, 5", "Content-Length: +5", "Content-Length: 0x5"],
  ...["Content-Length : 5", "Content-Length: 5\r\nContent-Length: 6", "Content-Length: -1", "Content-Length: 5 5"],
  ...["Transfer-Encoding: chunked", "Transfer-Encoding: xchunked", "Transfer-Encoding : chunked", "TE: trailers"],
  ...["Transfer-Encoding: chunked, identity", "Transfer-Encoding:\tchunked", "Transfer-Encoding: gzip, chunked"],
  ...[
    "Transfer-Encoding\r\n : chunked",
    "X: y\n Transfer-Encoding: chunked",
    "Transfer_Encoding: chunked",
    "Expect: 100-continue",
  ],
  ...[
    "Connection: close, Host",
    "Connection: keep-alive",
    "Connection: Transfer-Encoding",
    "Upgrade: h2c",
    "Trailer: Host",
  ],
];
const BODIES = [
  ...[
    "",
    "hello",
    "5\r\nhello\r\n0\r\n\r\n",
    "5;a=b\r\nhello\r\n0\r\n\r\n",
    "5\nhello\n0\n\n",
    "0\r\n\r\n",
    "0\r\nHost: b\r\n\r\n",
  ],
  ...[
    "zz\r\n",
    "ffffffffffffffffff\r\nx",
    "5 \r\nhello\r\n0\r\n\r\n",
    "-1\r\nx",
    '5;a="\r\n\r\nhello\r\n0\r\n\r\n',
    ...SMUGGLED,
  ],
];
const encodeBytes = (text: string) => Buffer.from(text.toWellFormed(), "utf8").toString("latin1");

/** Requests on one connection, as bytes: well formed, ambiguous and broken ones, one after the other. */
export function buildWireRequests(hosts: readonly string[], paths: readonly string[]): fc.Arbitrary<string> {
  const host = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...hosts).map(fillWildcard) }, buildHostHeaders(hosts));
  const path = buildRawPaths(paths).map((raw) => encodeBytes(raw) || "/");
  const target = fc.oneof(
    { weight: 10, arbitrary: path },
    fc
      .tuple(fc.constantFrom("http://", "https://", "HTTP://", "//", "http:/", "ws://"), host, path)
      .map((parts) => parts.join("")),
    fc.constantFrom(
      "*",
      "plain.example.com:443",
      "",
      "http://",
      "/ HTTP/1.1\r\nX: y",
      "/secret\t",
      "?/secret",
      "#/secret",
    ),
  );
  const hostLines = fc.oneof(
    { weight: 8, arbitrary: host.map((name) => [`Host: ${encodeBytes(name)}`]) },
    fc.tuple(host, host).map((names) => names.map((name) => `Host: ${encodeBytes(name)}`)),
    host.map((name) => [`Host:${encodeBytes(name)}\t`, "X-Forwarded-Host: plain.example.com"]),
    fc.constantFrom([], ["Host:"], ["Host : plain.example.com"], ["Host: plain.example.com\r\n other.example.com"]),
  );
  const lines = fc.array(
    fc.oneof(
      clientHeaders.map((headers) => headers.map(([name, value]) => `${name}: ${encodeBytes(value)}`).join("\r\n")),
      fc.constantFrom(...FRAMING_LINES),
      fc.constantFrom(
        " folded",
        "X-A : b",
        ": x",
        "X-\0: y",
        "X: a\0b",
        "X: a\rb",
        "X-Long: ".padEnd(20_000, "a"),
        "é: x",
      ),
    ),
    { maxLength: 3 },
  );
  const lineEnd = fc.constantFrom("\r\n", "\r\n", "\r\n", "\r\n", "\r\n", "\n", "\r\r\n");
  const message = fc
    .tuple(
      fc.constantFrom(
        "GET",
        "GET",
        "GET",
        "POST",
        "HEAD",
        "OPTIONS",
        "PUT",
        "TRACE",
        "CONNECT",
        "get",
        "G\tT",
        "PROPFIND",
      ),
      target,
      fc.constantFrom(
        "HTTP/1.1",
        "HTTP/1.1",
        "HTTP/1.1",
        "HTTP/1.1",
        "HTTP/1.0",
        "HTTP/2.0",
        "http/1.1",
        "HTTP/1.1 x",
        "",
      ),
      hostLines,
      lines,
      lineEnd,
      fc.constantFrom(...BODIES),
    )
    .map(([method, url, version, hostNames, others, end, body]) =>
      [`${method} ${url} ${version}`, ...hostNames, ...others.filter((line) => line !== ""), "", body].join(end),
    );
  const sequence = fc.array(message, { minLength: 1, maxLength: 3 }).map((parts) => parts.join(""));
  return fc.oneof({ weight: 5, arbitrary: sequence }, clientBytes(hosts.map(fillWildcard)));
}

function fillWildcard(host: string): string {
  return host.replace("*", "a");
}
