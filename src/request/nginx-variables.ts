import { VARIABLE_PATTERN } from "../rules/nginx-variables.ts";
import { encodePath } from "../rules/paths.ts";
import type { Exchange } from "./exchange.ts";

/** Expands nginx variables. `encode` escapes each value for the surrounding text. */
export function expandVariables(
  template: string,
  exchange: Exchange,
  encode: (value: string) => string = identity,
): string {
  return template.replace(VARIABLE_PATTERN, (_, group?: string, bracedName?: string, bareName?: string) => {
    if (group !== undefined) return encode(exchange.groups[Number(group)] ?? "");
    return encode(resolveVariable(bracedName ?? bareName ?? "", exchange));
  });
}

/** Returns the exchange with its decoded groups escaped for a URL. */
export function withEscapedGroups(exchange: Exchange): Exchange {
  return { ...exchange, groups: exchange.groups.map((group) => group && encodePath(group)) };
}

/** Returns the value of a variable, as ingress-nginx sets it; "" if it is unset. */
function resolveVariable(name: string, exchange: Exchange): string {
  const [, family, suffix = ""] = /^(arg|http|cookie)_(.+)$/.exec(name) ?? [];
  switch (family) {
    case "arg":
      return readArgument(exchange.query, suffix);
    case "http":
      if (name !== "http_host") return exchange.request.headers.get(suffix.replaceAll("_", "-")) ?? "";
      return exchange.hostHeader;
    case "cookie":
      return readCookie(exchange, suffix) ?? "";
    default:
      return resolvePlainVariable(name, exchange);
  }
}

/** Returns the value of a cookie of the request. */
export function readCookie({ request }: Exchange, name: string): string | undefined {
  const pairs = (request.headers.get("Cookie") ?? "").split(";").map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1);
}

function resolvePlainVariable(name: string, exchange: Exchange): string {
  const { namespace, ingress, service, port } = exchange.labels;
  const requestUri = exchange.rawPath + exchange.query;
  const values: Readonly<Record<string, () => string>> = {
    host: () => exchange.host,
    best_http_host: () => exchange.hostHeader,
    server_name: () => exchange.host,
    scheme: () => exchange.scheme,
    pass_access_scheme: () => exchange.scheme,
    server_port: () => (exchange.scheme === "https" ? "443" : "80"),
    pass_server_port: () => (exchange.scheme === "https" ? "443" : "80"),
    request_uri: () => requestUri,
    escaped_request_uri: () => encodeURIComponent(requestUri.toWellFormed()),
    uri: () => encodePath(exchange.path ?? "/"),
    args: () => exchange.query.slice(1),
    query_string: () => exchange.query.slice(1),
    is_args: () => (exchange.query.length > 1 ? "?" : ""),
    remote_addr: () => exchange.clientIp,
    binary_remote_addr: () => exchange.clientIp, // as text, which hashes as well
    remote_user: () => parseBasicAuthUser(exchange),
    request_method: () => exchange.request.method,
    req_id: () => exchange.id,
    request_id: () => exchange.id,
    namespace: () => namespace,
    ingress_name: () => ingress,
    service_name: () => service,
    service_port: () => port,
    subdomain: () => exchange.host.split(".")[0] ?? "",
  };
  return Object.hasOwn(values, name) ? (values[name]?.() ?? "") : "";
}

function readArgument(query: string, name: string): string {
  const pairs = query.slice(1).split("&");
  return pairs.find((pair) => pair.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
}

/** Returns the user of basic authentication, even if it was not verified. */
function parseBasicAuthUser({ request }: Exchange): string {
  const [, credentials = ""] = /^basic\s+(\S+)$/i.exec(request.headers.get("Authorization") ?? "") ?? [];
  try {
    return atob(credentials).split(":")[0] ?? "";
  } catch {
    return "";
  }
}

function identity(value: string): string {
  return value;
}
