import { failure, success } from "../result.ts";
import { flag, integer, list, template, text } from "./annotation-types.ts";
import { cacheDurations } from "./auth-cache-duration.ts";
import { authSnippet } from "./snippet-annotations.ts";

/** A header name that the authentication service may get or send. */
export const AUTH_HEADER_NAME = /^[A-Za-z0-9_-]{1,256}$/;
const METHOD_PATTERN = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;
// A URL, or a template that begins with the request's scheme; no quotes, brackets or spaces.
const URL_TEMPLATE = /^(?:https?|\$(?:scheme|pass_access_scheme)):\/\/[^\s"<>\\^`|#]+$/;
const KEEPALIVE_DOC = "Connections kept open to `auth-url`.";
const KEEPALIVE_DIFFERENCE = "Cloudflare keeps connections open.";

export const externalAuthAnnotations = {
  "auth-url": template(
    {
      doc: "URL that authorizes every request: 2xx accepts it, 401 and 403 reject it, any other status answers 500.",
      example: "http://auth.default.svc.cluster.local/verify",
      default: "none",
      support: "partial",
      difference: "A Service gets the client's `Host` header, because Cloudflare derives it from the request's zone.",
      guards: true,
    },
    /^https?:\/\/\S+$/,
    'a URL such as "https://auth.example.com/verify"',
  ),
  "auth-method": text(
    { doc: "Method of the request to `auth-url`.", example: "POST", default: "GET", guards: true },
    METHOD_PATTERN,
    "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
  ),
  "auth-signin": template(
    {
      doc: "Redirect clients that `auth-url` rejects with 401 to this URL. The parameter `rd` has the requested URL.",
      example: "https://$host/oauth2/start?rd=$escaped_request_uri",
      default: "none",
    },
    URL_TEMPLATE,
    'a URL such as "https://auth.example.com/start"',
  ),
  "auth-signin-redirect-param": text(
    { doc: "Name of the parameter of `auth-signin` with the requested URL.", example: "next", default: "rd" },
    /^[A-Za-z0-9._~-]{1,64}$/,
    'a parameter name such as "rd"',
  ),
  "auth-response-headers": list<string>(
    {
      doc: "Response headers of `auth-url` to send to the origin. The client's headers of these names are dropped. Headers of the edge, such as `X-Real-IP`, are not allowed.",
      example: "X-User, X-Groups",
      default: "none",
      guards: true,
    },
    (name) => (AUTH_HEADER_NAME.test(name) ? success(name) : failure(`expected a header name, got "${name}"`)),
  ),
  "auth-proxy-set-headers": text(
    {
      doc: "ConfigMap with additional headers for the request to `auth-url`. `Host`, `Content-Length` and headers of the connection are not allowed.",
      example: "default/auth-headers",
      default: "none",
      embeds: "ConfigMap",
      guards: true,
    },
    /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-.a-z0-9]*$/,
    'a ConfigMap such as "namespace/name"',
  ),
  "auth-snippet": authSnippet,
  "auth-request-redirect": template(
    {
      doc: "Value of `X-Auth-Request-Redirect` for `auth-url`.",
      example: "https://app.example.com/back",
      default: "$request_uri",
    },
    /^[\x21-\x7e]+$/,
    'a URL such as "https://app.example.com/back"',
  ),
  "auth-cache-key": template(
    {
      doc: "Cache responses of `auth-url` by this key. It must differ for clients that get different responses.",
      example: "$http_authorization$cookie_session",
      default: "none",
      support: "partial",
      difference: "Each Cloudflare location has a separate cache.",
    },
    /^[\x20-\x7e]+$/,
    'a text with variables such as "$http_authorization"',
  ),
  "auth-cache-duration": cacheDurations({
    doc: "Cache durations by status. The response can shorten them with `Cache-Control` or `Expires`.",
    example: "200 202 10m, 401 1m",
    default: "200 202 401 5m",
    guards: true,
  }),
  "auth-always-set-cookie": flag({
    doc: "Send cookies of `auth-url` to the client with error responses too.",
    example: "true",
    default: "false",
  }),
  "auth-keepalive": integer(
    { doc: KEEPALIVE_DOC, example: "32", default: "0", support: "no-op", difference: KEEPALIVE_DIFFERENCE },
    0,
  ),
  "auth-keepalive-requests": integer(
    {
      doc: "Requests on one connection to `auth-url`.",
      example: "32",
      default: "1000",
      support: "no-op",
      difference: KEEPALIVE_DIFFERENCE,
    },
    0,
  ),
  "auth-keepalive-timeout": integer(
    {
      doc: "Seconds that an idle connection to `auth-url` stays open.",
      example: "32",
      default: "60",
      support: "no-op",
      difference: KEEPALIVE_DIFFERENCE,
    },
    0,
  ),
  "auth-keepalive-share-vars": flag({
    doc: "Share nginx variables with the request to `auth-url`.",
    support: "no-op",
    example: "true",
    default: "false",
    difference: "Both requests always have the same `X-Request-ID`.",
  }),
  "enable-global-auth": flag({
    doc: "Apply the global `auth-url` of ingress-nginx.",
    support: "no-op",
    example: "false",
    default: "true",
    difference: "The edge has no global `auth-url`.",
  }),
};
