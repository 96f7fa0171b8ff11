import * as z from "zod/mini";
import { compareText } from "../compare-text.ts";
import { parseTemplate } from "../nginx-variables.ts";
import { failure, type Result, success } from "../result.ts";
import { SubrequestTarget } from "../subrequest-target.ts";
import { flag, integer, list, template, text } from "./annotation-types.ts";
import { cacheDurations, DEFAULT_CACHE_DURATIONS } from "./auth-cache-duration.ts";
import type { AnnotationValues, PolicyContext } from "./policy.ts";

/** Who may call, as another service says. Texts may hold variables. */
export const ExternalAuth = z.strictObject({
  target: SubrequestTarget,
  method: z.optional(z.string()), // GET without
  redirect: z.string(), // what X-Auth-Request-Redirect says
  headers: z.array(z.tuple([z.string(), z.string()])), // that the service gets beside the client's
  responseHeaders: z.array(z.string()), // that the origin gets from the service's answer, and from nobody else
  signIn: z.optional(z.string()), // where a client goes that the service does not know
  alwaysSetsCookies: z.boolean(),
  cache: z.optional(
    z.strictObject({
      key: z.string(),
      path: z.string(), // each path of an Ingress has its own answers
      seconds: z.record(z.string(), z.number()), // by status
    }),
  ),
});
export type ExternalAuth = z.infer<typeof ExternalAuth>;

const HEADER_NAME = /^[A-Za-z0-9_-]{1,256}$/;
const METHOD_PATTERN = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;
// A URL, or one that begins with the request's own scheme; no quotes, brackets or spaces.
const URL_TEMPLATE = /^(?:https?|\$(?:scheme|pass_access_scheme)):\/\/[^\s"<>\\^`|#]+$/;
const KEEPALIVE_ROW = { support: "no-op" as const, example: "32" };

export const externalAuthAnnotations = {
  "auth-url": template(
    {
      doc: "Asks this URL about every request: 2xx lets it in, 401 and 403 turn it away, anything else answers 500.",
      example: "http://auth.default.svc.cluster.local/verify",
      support: "partial",
      difference: "A Service is asked with the client's Host, since Cloudflare derives it from the request's zone.",
      guards: true,
    },
    /^https?:\/\/\S+$/,
    'a URL such as "https://auth.example.com/verify"',
  ),
  "auth-method": text(
    { doc: "The method with which `auth-url` is asked.", example: "POST", default: "GET", guards: true },
    METHOD_PATTERN,
    "GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS",
  ),
  "auth-signin": template(
    {
      doc: "Where a client is sent with 302 that `auth-url` answers with 401; `rd` says where it wanted to go.",
      example: "https://$host/oauth2/start?rd=$escaped_request_uri",
    },
    URL_TEMPLATE,
    'a URL such as "https://auth.example.com/start"',
  ),
  "auth-signin-redirect-param": text(
    { doc: "The name of that parameter.", example: "next", default: "rd" },
    /^[A-Za-z0-9._~-]{1,64}$/,
    'the name of a parameter such as "rd"',
  ),
  "auth-response-headers": list<string>(
    {
      doc: "Headers of its answer that the origin gets; what clients send under these names it never gets.",
      example: "X-User, X-Groups",
      guards: true,
    },
    (name) => (HEADER_NAME.test(name) ? success(name) : failure(`expected the name of a header, got "${name}"`)),
  ),
  "auth-proxy-set-headers": text(
    {
      doc: "A ConfigMap whose entries are headers that `auth-url` is asked with.",
      example: "default/auth-headers",
      guards: true,
    },
    /^[a-z0-9][-a-z0-9]*\/[a-z0-9][-.a-z0-9]*$/,
    'a ConfigMap such as "namespace/name"',
  ),
  "auth-request-redirect": template(
    {
      doc: "What `auth-url` is told in X-Auth-Request-Redirect.",
      example: "https://app.example.com/back",
      default: "$request_uri",
    },
    /^[\x21-\x7e]+$/,
    'a URL such as "https://app.example.com/back"',
  ),
  "auth-cache-key": template(
    {
      doc: "Remembers answers of `auth-url` by this key. It must tell apart all whom the answer does.",
      example: "$http_authorization$cookie_session",
      support: "partial",
      difference: "Each Cloudflare location remembers for itself.",
    },
    /^[\x20-\x7e]+$/,
    'a text with variables such as "$http_authorization"',
  ),
  "auth-cache-duration": cacheDurations({
    doc: "How long answers are remembered, by status.",
    example: "200 202 10m, 401 1m",
    default: "200 202 401 5m",
    guards: true,
  }),
  "auth-always-set-cookie": flag({
    doc: "Gives cookies of `auth-url`'s answer to the client beside errors too.",
    example: "true",
    default: "false",
  }),
  "auth-keepalive": integer({ doc: "The edge keeps connections by itself.", ...KEEPALIVE_ROW }, 0),
  "auth-keepalive-requests": integer({ doc: "The edge keeps connections by itself.", ...KEEPALIVE_ROW }, 0),
  "auth-keepalive-timeout": integer({ doc: "The edge keeps connections by itself.", ...KEEPALIVE_ROW }, 0),
  "auth-keepalive-share-vars": flag({
    doc: "Both requests always have the same X-Request-ID.",
    support: "no-op",
    example: "true",
  }),
  "enable-global-auth": flag({
    doc: "There is no authentication for all Ingresses that could be turned off.",
    support: "no-op",
    example: "false",
  }),
};

/** Fails closed: whatever cannot be asked as it is written answers nobody. */
export function buildExternalAuth(
  values: AnnotationValues<typeof externalAuthAnnotations>,
  context: PolicyContext,
): ExternalAuth | undefined {
  const url = values["auth-url"];
  if (url === undefined) return undefined;
  const target = context.resolveTarget(url);
  if (!target.ok)
    return context.failClosed("auth-url", target.problem, "name a Service, a host of ours, or a public name");
  const headers = readAuthHeaders(values["auth-proxy-set-headers"], context);
  if (!headers.ok)
    return context.failClosed("auth-proxy-set-headers", headers.problem, "correct the ConfigMap, or its name");
  const [method, signIn, key] = [values["auth-method"], values["auth-signin"], values["auth-cache-key"]];
  const seconds = values["auth-cache-duration"] ?? DEFAULT_CACHE_DURATIONS;
  return {
    target: target.value,
    ...(method !== undefined && { method }),
    redirect: values["auth-request-redirect"] ?? "$request_uri",
    headers: headers.value,
    responseHeaders: [...(values["auth-response-headers"] ?? [])],
    ...(signIn !== undefined && { signIn: appendReturnUrl(signIn, values["auth-signin-redirect-param"] ?? "rd") }),
    alwaysSetsCookies: values["auth-always-set-cookie"] ?? false,
    ...(key !== undefined && { cache: { key, path: context.path, seconds: { ...seconds } } }),
  };
}

/** Says where the client wanted to go, unless the URL says so itself. As in ingress-nginx only the path is escaped. */
function appendReturnUrl(signIn: string, parameter: string): string {
  const query = signIn.includes("?") ? signIn.slice(signIn.indexOf("?") + 1).split("&") : [];
  if (query.some((pair) => pair.startsWith(`${parameter}=`) && pair.length > parameter.length + 1)) return signIn;
  const separator = query.some((pair) => pair !== "") ? "&" : "?";
  const baseUrl = signIn.replace(/[?&]$/, "");
  return `${baseUrl}${separator}${parameter}=$pass_access_scheme://$http_host$escaped_request_uri`;
}

function readAuthHeaders(reference: string | undefined, context: PolicyContext): Result<[string, string][]> {
  const configMap = reference === undefined ? success({}) : context.readConfigMap(reference);
  if (!configMap.ok) return configMap;
  const headers = Object.entries<string>(configMap.value).toSorted(([a], [b]) => compareText(a, b));
  for (const [name, value] of headers) {
    if (!HEADER_NAME.test(name)) return failure(`expected the name of a header, got "${name}"`);
    if (!/^[\x20-\x7e]*$/.test(value)) return failure(`${name} has characters that no header may have`);
    const variables = parseTemplate(value);
    if (!variables.ok) return failure(`${name}: ${variables.problem}`);
  }
  return success(headers);
}
