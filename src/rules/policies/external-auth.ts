import * as z from "zod/mini";
import { compareText } from "../compare-text.ts";
import { isEdgeHeader, isFramingHeader } from "../edge-headers.ts";
import { parseTemplate } from "../nginx-variables.ts";
import { failure, type Result, success } from "../result.ts";
import { SubrequestTarget } from "../subrequest-target.ts";
import { DEFAULT_CACHE_DURATIONS } from "./auth-cache-duration.ts";
import { AUTH_HEADER_NAME, type externalAuthAnnotations } from "./external-auth-annotations.ts";
import type { AnnotationValues, PolicyContext } from "./policy.ts";
import { listAuthenticationHeaders, type Snippet } from "./snippet.ts";

/** Restricts access by the response of another service. Texts may contain variables. */
export const ExternalAuth = z.strictObject({
  target: SubrequestTarget,
  method: z.optional(z.string()), // GET if undefined
  redirect: z.string(), // value of X-Auth-Request-Redirect
  headers: z.array(z.tuple([z.string(), z.string()])), // additional request headers for the service
  responseHeaders: z.array(z.string()), // response headers of the service for the origin; the client's are dropped
  signIn: z.optional(z.string()), // redirect for clients that the service rejects with 401
  alwaysSetsCookies: z.boolean(),
  cache: z.optional(
    z.strictObject({
      key: z.string(),
      ingress: z.optional(z.string()), // its uid, so that a new Ingress of the same name does not get old responses
      path: z.string(), // each path of an Ingress has separate cache entries
      seconds: z.record(z.string(), z.number()), // by status
    }),
  ),
});
export type ExternalAuth = z.infer<typeof ExternalAuth>;

const TARGET_REMEDY = "set a Service, a host of an Ingress, or a public name";

/** Fails closed if the service cannot be requested as configured. */
export function buildExternalAuth(
  values: AnnotationValues<typeof externalAuthAnnotations>,
  context: PolicyContext,
): ExternalAuth | undefined {
  const url = values["auth-url"];
  if (url === undefined) return undefined;
  const target = context.resolveTarget("auth-url", url);
  if (!target.ok) return context.failClosed("auth-url", target.problem, target.remedy ?? TARGET_REMEDY);
  const headers = readAuthHeaders(values["auth-proxy-set-headers"], context);
  if (!headers.ok)
    return context.failClosed("auth-proxy-set-headers", headers.problem, "correct the ConfigMap or its name");
  const [method, signIn, key] = [values["auth-method"], values["auth-signin"], values["auth-cache-key"]];
  return {
    target: target.value,
    ...(method !== undefined && { method }),
    redirect: values["auth-request-redirect"] ?? "$request_uri",
    headers: [...headers.value, ...readSnippetHeaders(values["auth-snippet"], context)],
    responseHeaders: selectResponseHeaders(values["auth-response-headers"] ?? [], context),
    ...(signIn !== undefined && { signIn: appendReturnUrl(signIn, values["auth-signin-redirect-param"] ?? "rd") }),
    alwaysSetsCookies: values["auth-always-set-cookie"] ?? false,
    ...(key !== undefined && { cache: buildCache(key, values["auth-cache-duration"], context) }),
  };
}

function readSnippetHeaders(snippet: Snippet | undefined, context: PolicyContext): [string, string][] {
  return listAuthenticationHeaders(snippet, context).map(([name, value]) => [name, value]);
}

function buildCache(
  key: string,
  seconds: Readonly<Record<string, number>> = DEFAULT_CACHE_DURATIONS,
  { ingressUid, path }: PolicyContext,
): NonNullable<ExternalAuth["cache"]> {
  return { key, ...(ingressUid !== undefined && { ingress: ingressUid }), path, seconds: { ...seconds } };
}

/** Drops and reports the headers that only the edge may set. */
function selectResponseHeaders(names: readonly string[], context: PolicyContext): string[] {
  for (const name of names.filter(isEdgeHeader)) {
    context.warn("auth-response-headers", `header not allowed: ${name}. Only the edge sets it`, "remove the name");
  }
  return names.filter((name) => !isEdgeHeader(name));
}

/** Appends the requested URL, unless the parameter is present. Only its path is escaped, as in ingress-nginx. */
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
    if (!AUTH_HEADER_NAME.test(name)) return failure(`expected a header name, got "${name}"`);
    if (!/^[\x20-\x7e]*$/.test(value)) return failure(`invalid characters in the value of header ${name}`);
    const variables = parseTemplate(value);
    if (!variables.ok) return failure(`${name}: ${variables.problem}`);
    if (isFramingHeader(name)) {
      context.warn("auth-proxy-set-headers", `header not allowed: ${name}. Only the edge sets it`, "remove the header");
    }
  }
  return success(headers.filter(([name]) => !isFramingHeader(name)));
}
