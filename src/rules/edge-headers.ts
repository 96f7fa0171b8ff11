/** Headers of one connection (RFC 9110, 7.6.1), Expect as in nginx, and Proxy, which CGI programs misread (httpoxy). */
export const HOP_BY_HOP_HEADERS = [
  "Connection",
  "Expect",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
  "Proxy",
];

/** Headers that start a WebSocket. No subrequest has them. */
export const HANDSHAKE_HEADERS = [
  "Upgrade",
  ...["Key", "Version", "Extensions", "Accept"].map((suffix) => `Sec-WebSocket-${suffix}`),
];

/**
 * Headers of a WebSocket handshake. Requests that replace or copy another do not have them. An authentication service gets
 * the subprotocol, because browsers can send a token for a WebSocket only there.
 */
export const UPGRADE_HEADERS = [...HANDSHAKE_HEADERS, "Sec-WebSocket-Protocol"];

// Headers that describe the user, not the request. Authentication services such as oauth2-proxy send them.
const USER_HEADERS = ["user", "email", "groups", "preferred-username", "access-token"].map(
  (suffix) => `x-forwarded-${suffix}`,
);
// The same, of oauth2-proxy, Authelia and authentik.
const USER_HEADER_PREFIXES = ["x-auth-request-", "remote-", "x-remote-", "x-authentik-"];
const FRAMING_HEADERS = new Set([...HOP_BY_HOP_HEADERS.map((name) => name.toLowerCase()), "host", "content-length"]);
const EDGE_HEADERS = new Set(["forwarded", "x-real-ip", "x-request-id", "x-rewrite-url", "x-scheme"]);
const EDGE_HEADER_PREFIXES = ["x-forwarded-", "x-original-", "ssl-client-", "cf-"];

/** Whether a request header belongs to the connection or to the framing of the request, so that no object may set it. */
export function isFramingHeader(name: string): boolean {
  return FRAMING_HEADERS.has(name.toLowerCase());
}

/** Whether only the edge may set a request header, because it describes the connection, the client or the request. */
export function isEdgeHeader(name: string): boolean {
  const knownName = name.toLowerCase().replaceAll("_", "-"); // CGI programs read both as one
  if (USER_HEADERS.includes(knownName)) return false;
  if (isFramingHeader(knownName) || EDGE_HEADERS.has(knownName)) return true;
  return EDGE_HEADER_PREFIXES.some((prefix) => knownName.startsWith(prefix));
}

/** Whether authentication services usually describe the user with a header, so that origins trust it. */
export function isUserHeader(name: string): boolean {
  const lowerCaseName = name.toLowerCase();
  return (
    USER_HEADERS.includes(lowerCaseName) || USER_HEADER_PREFIXES.some((prefix) => lowerCaseName.startsWith(prefix))
  );
}
