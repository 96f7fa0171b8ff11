import { flag, integer, text } from "./annotation-types.ts";
import { ignoredAnnotation, isNonEmpty } from "./unsupported-annotation.ts";

const CLIENT_TLS_REMEDY = "set cipher suites and the least TLS version for the zone or host name at Cloudflare";
const ORIGIN_TLS_REMEDY = "set them at the origin, which chooses among Cloudflare's";
const VERIFICATION_REMEDY =
  "set the zone's SSL mode to Full (strict), and use Origin CA certificates or a Custom Origin Trust Store";
const TRACING_REMEDY = "export traces of the Worker at Cloudflare; `traceparent` is passed on as it comes";
const FASTCGI_REMEDY = "put a web server that speaks HTTP before FastCGI";
const RATE_REMEDY = "limit it at the origin, or limit requests with limit-rps";

/** What a route can do without. Each value is whether it asks for anything. */
export const ignoredAnnotations = {
  "proxy-ssl-verify-depth": ignoredAnnotation(
    integer({ doc: "Length of the origin's certificate chain.", example: "2", default: "1" }, 0),
    (depth) => depth !== 1,
    VERIFICATION_REMEDY,
  ),
  "proxy-ssl-name": ignoredAnnotation(
    text(
      { doc: "Name that the origin's certificate must hold.", example: "origin.example.com", default: "none" },
      /^[\w.~:/-]*$/,
      "a DNS name",
    ),
    isNonEmpty,
    "let the origin's certificate hold the Ingress's host, which is the name that the edge asks for",
  ),
  "proxy-ssl-ciphers": ignoredAnnotation(
    text(
      { doc: "Cipher suites towards the origin.", example: "HIGH", default: "DEFAULT" },
      /^[\w:+!@=.-]+$/,
      "ciphers",
    ),
    (ciphers) => ciphers !== "DEFAULT",
    ORIGIN_TLS_REMEDY,
  ),
  "proxy-ssl-protocols": ignoredAnnotation(
    text({ doc: "TLS versions towards the origin.", example: "TLSv1.3", default: "TLSv1.2" }, /^[\w. ]+$/, "versions"),
    isNonEmpty,
    ORIGIN_TLS_REMEDY,
  ),
  "ssl-ciphers": ignoredAnnotation(
    text(
      { doc: "Cipher suites towards clients.", example: "HIGH:!aNULL", defaultText: "those of nginx" },
      /^[\w:+!@=.-]+$/,
      "ciphers",
    ),
    isNonEmpty,
    CLIENT_TLS_REMEDY,
  ),
  "ssl-prefer-server-ciphers": ignoredAnnotation(
    flag({ doc: "Lets the server choose the cipher suite.", example: "true", default: "true" }),
    (value) => !value,
    CLIENT_TLS_REMEDY,
  ),
  "limit-rate": ignoredAnnotation(
    integer({ doc: "KB/s for each connection.", example: "512", default: "0" }, 0),
    isPositive,
    RATE_REMEDY,
  ),
  "limit-rate-after": ignoredAnnotation(
    integer({ doc: "KB before the limit holds.", example: "1024", default: "0" }, 0),
    isPositive,
    RATE_REMEDY,
  ),
  "fastcgi-index": ignoredAnnotation(
    text({ doc: "FastCGI's index file.", example: "index.php", default: "none" }, /^[\w.~:/-]+$/, "a file name"),
    isNonEmpty,
    FASTCGI_REMEDY,
  ),
  "fastcgi-params-configmap": ignoredAnnotation(
    text({ doc: "FastCGI's parameters.", example: "default/params", default: "none" }, /^[a-z0-9./-]+$/, "a ConfigMap"),
    isNonEmpty,
    FASTCGI_REMEDY,
  ),
  "upstream-hash-by-subset": ignoredAnnotation(
    flag({ doc: "Hashes to a subset of Pods.", example: "true", default: "false" }),
    isTrue,
    "use the Service's sessionAffinity: ClientIP, since Pods are the Service's to choose",
  ),
  "enable-opentelemetry": ignoredAnnotation(
    flag({ doc: "Traces of nginx.", example: "true", default: "false" }),
    isTrue,
    TRACING_REMEDY,
  ),
  "opentelemetry-trust-incoming-span": ignoredAnnotation(
    flag({ doc: "Goes on with the client's trace.", example: "false", default: "true" }),
    (value) => !value,
    TRACING_REMEDY,
  ),
  "opentelemetry-operation-name": ignoredAnnotation(
    text({ doc: "Name of nginx's span.", example: "shop", default: "none" }, /^[\w${}-]*$/, "a name"),
    isNonEmpty,
    TRACING_REMEDY,
  ),
};

function isTrue(value: boolean): boolean {
  return value;
}

function isPositive(value: number): boolean {
  return value > 0;
}
