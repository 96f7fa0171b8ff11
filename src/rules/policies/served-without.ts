import { flag, integer, text } from "./kinds.ts";
import { isWritten, without } from "./lacking.ts";

const CLIENT_TLS = "set cipher suites and the least TLS version for the zone or host name at Cloudflare";
const ORIGIN_TLS = "set them at the origin, which chooses among Cloudflare's";
const VERIFIED =
  "set the zone's SSL mode to Full (strict), and use Origin CA certificates or a Custom Origin Trust Store";
const TRACES = "export traces of the Worker at Cloudflare; `traceparent` is passed on as it comes";
const FAST_CGI = "put a web server that speaks HTTP before FastCGI";
const RATE = "limit it at the origin, or limit requests with limit-rps";

/** What a route can do without. Each value is whether it asks for anything. */
export const servedWithout = {
  "proxy-ssl-verify-depth": without(
    integer({ doc: "Length of the origin's certificate chain.", example: "2", default: "1" }, 0),
    (depth) => depth !== 1,
    VERIFIED,
  ),
  "proxy-ssl-name": without(
    text(
      { doc: "Name that the origin's certificate must hold.", example: "origin.example.com", default: "none" },
      /^[\w.~:/-]*$/,
      "a DNS name",
    ),
    isWritten,
    "let the origin's certificate hold the Ingress's host, which is the name that the edge asks for",
  ),
  "proxy-ssl-ciphers": without(
    text(
      { doc: "Cipher suites towards the origin.", example: "HIGH", default: "DEFAULT" },
      /^[\w:+!@=.-]+$/,
      "ciphers",
    ),
    (ciphers) => ciphers !== "DEFAULT",
    ORIGIN_TLS,
  ),
  "proxy-ssl-protocols": without(
    text({ doc: "TLS versions towards the origin.", example: "TLSv1.3", default: "TLSv1.2" }, /^[\w. ]+$/, "versions"),
    isWritten,
    ORIGIN_TLS,
  ),
  "ssl-ciphers": without(
    text(
      { doc: "Cipher suites towards clients.", example: "HIGH:!aNULL", default: "nginx's" },
      /^[\w:+!@=.-]+$/,
      "ciphers",
    ),
    isWritten,
    CLIENT_TLS,
  ),
  "ssl-prefer-server-ciphers": without(
    flag({ doc: "Lets the server choose the cipher suite.", example: "true", default: "true" }),
    (wanted) => !wanted,
    CLIENT_TLS,
  ),
  "limit-rate": without(
    integer({ doc: "KB/s for each connection.", example: "512", default: "0" }, 0),
    isPositive,
    RATE,
  ),
  "limit-rate-after": without(
    integer({ doc: "KB before the limit holds.", example: "1024", default: "0" }, 0),
    isPositive,
    RATE,
  ),
  "fastcgi-index": without(
    text({ doc: "FastCGI's index file.", example: "index.php", default: "none" }, /^[\w.~:/-]+$/, "a file name"),
    isWritten,
    FAST_CGI,
  ),
  "fastcgi-params-configmap": without(
    text({ doc: "FastCGI's parameters.", example: "default/params", default: "none" }, /^[a-z0-9./-]+$/, "a ConfigMap"),
    isWritten,
    FAST_CGI,
  ),
  "upstream-hash-by-subset": without(
    flag({ doc: "Hashes to a subset of Pods.", example: "true", default: "false" }),
    isTrue,
    "use the Service's sessionAffinity: ClientIP, since Pods are the Service's to choose",
  ),
  "enable-opentelemetry": without(flag({ doc: "Traces of nginx.", example: "true", default: "false" }), isTrue, TRACES),
  "opentelemetry-trust-incoming-span": without(
    flag({ doc: "Goes on with the client's trace.", example: "false", default: "true" }),
    (trusted) => !trusted,
    TRACES,
  ),
  "opentelemetry-operation-name": without(
    text({ doc: "Name of nginx's span.", example: "shop", default: "none" }, /^[\w${}-]*$/, "a name"),
    isWritten,
    TRACES,
  ),
};

function isTrue(value: boolean): boolean {
  return value;
}

function isPositive(value: number): boolean {
  return value > 0;
}
