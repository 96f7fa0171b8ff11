import type { NginxDirective } from "../nginx-config.ts";
import { type ResponseHeader, readSetHeaders } from "./snippet-headers.ts";

/** The place in nginx's configuration that a snippet becomes a part of. */
export type SnippetPlace = "location" | "server" | "authentication";

/** What the edge does about a directive. Every directive that is not known here is unsupported. */
export type DirectiveVerdict =
  /** It requests what the edge does anyway. `reason` begins with the edge's behavior. */
  | { readonly type: "unneeded"; readonly reason: string; readonly needsAuthUrl: boolean }
  | { readonly type: "response-headers"; readonly headers: readonly ResponseHeader[] }
  | { readonly type: "authentication-header"; readonly header: readonly [name: string, value: string] }
  | { readonly type: "unsupported" };

export interface JudgedDirective {
  readonly name: string;
  /** The name, and that of the request header that it sets. Values may be secret. */
  readonly label: string;
  readonly verdict: DirectiveVerdict;
}

const UNSUPPORTED = { type: "unsupported" } as const;
const HOST_VARIABLES = ["$host", "$http_host", "$best_http_host"];
const SCHEME_VALUES = ["$scheme", "$pass_access_scheme", "$http_x_forwarded_proto", "https"];
const CLIENT_VARIABLES = ["$remote_addr", "$the_real_ip", "$http_cf_connecting_ip"];
const FORWARDED_FOR_VARIABLES = ["$proxy_add_x_forwarded_for", "$full_x_forwarded_for", "$http_x_forwarded_for"];
const WEBSOCKETS = "WebSockets work without it";

interface KnownHeader {
  readonly values: readonly string[];
  readonly reason: string;
}

/** Request headers that the edge sets for every origin, with the values that mean the same. Names are in lower case. */
const KNOWN_REQUEST_HEADERS: Readonly<Record<string, KnownHeader>> = {
  upgrade: { values: ["$http_upgrade"], reason: WEBSOCKETS },
  connection: {
    values: ["upgrade", "Upgrade", "$connection_upgrade", "$http_connection", "keep-alive", ""],
    reason: WEBSOCKETS,
  },
  host: { values: HOST_VARIABLES, reason: "the origin gets the client's Host" },
  "x-real-ip": { values: CLIENT_VARIABLES, reason: "the edge sets it to the client's address" },
  "x-forwarded-for": {
    values: [...CLIENT_VARIABLES, ...FORWARDED_FOR_VARIABLES],
    reason: "the edge sets it to the client's address",
  },
  "x-forwarded-host": { values: HOST_VARIABLES, reason: "the edge sets it to the client's Host" },
  "x-forwarded-port": {
    values: ["$server_port", "$pass_port", "$pass_server_port", "443"],
    reason: "the edge sets it to the port of the client's scheme",
  },
  ...Object.fromEntries(
    ["x-forwarded-proto", "x-forwarded-scheme", "x-scheme"].map((name) => [
      name,
      { values: SCHEME_VALUES, reason: "the edge sets it to the client's scheme" },
    ]),
  ),
};

/** Judges each directive of a snippet. */
export function judgeDirectives(directives: readonly NginxDirective[], place: SnippetPlace): JudgedDirective[] {
  return directives.map((directive, index) => {
    const neighbors = [directives[index - 1], directives[index + 1]] as const;
    const { name, words } = directive;
    const label = name === "proxy_set_header" && words.length > 0 ? `${name} ${words[0]}` : name;
    return { name, label, verdict: judgeDirective(directive, neighbors, place) };
  });
}

function judgeDirective(
  directive: NginxDirective,
  [previous, next]: readonly [NginxDirective | undefined, NginxDirective | undefined],
  place: SnippetPlace,
): DirectiveVerdict {
  if (place === "authentication") return judgeAuthentication(directive);
  if (place === "location" && (passesCookie(directive, next) || passesCookie(previous, directive)))
    return { type: "unneeded", reason: "the client gets all cookies of auth-url", needsAuthUrl: true };
  if (directive.block !== undefined) return UNSUPPORTED;
  switch (directive.name) {
    case "proxy_set_header":
      return judgeRequestHeader(directive.words);
    case "proxy_ssl_verify":
      return allowOnly(directive.words, "off", "the zone's SSL mode sets the verification of origins");
    case "proxy_http_version":
      return allowOnly(directive.words, "1.1", "Cloudflare negotiates the HTTP version");
    case "more_set_headers":
      return place === "location" ? judgeResponseHeaders(directive.words) : UNSUPPORTED;
    default:
      return UNSUPPORTED;
  }
}

function judgeRequestHeader(words: readonly string[]): DirectiveVerdict {
  const [name = "", value = ""] = words;
  const known = new Map(Object.entries(KNOWN_REQUEST_HEADERS)).get(name.toLowerCase());
  if (words.length !== 2 || !known?.values.includes(value)) return UNSUPPORTED;
  return { type: "unneeded", reason: known.reason, needsAuthUrl: false };
}

function judgeResponseHeaders(words: readonly string[]): DirectiveVerdict {
  const headers = readSetHeaders(words);
  return headers ? { type: "response-headers", headers } : UNSUPPORTED;
}

function allowOnly(words: readonly string[], value: string, reason: string): DirectiveVerdict {
  if (words.length !== 1 || words[0] !== value) return UNSUPPORTED;
  return { type: "unneeded", reason, needsAuthUrl: false };
}

/** The line that authentik documents. A Service gets the client's Host anyway; other services need the header. */
function judgeAuthentication({ name, words, block }: NginxDirective): DirectiveVerdict {
  const [headerName = "", value = ""] = words;
  const isForwardedHost = name === "proxy_set_header" && headerName.toLowerCase() === "x-forwarded-host";
  if (block !== undefined || words.length !== 2 || !isForwardedHost || !HOST_VARIABLES.includes(value))
    return UNSUPPORTED;
  return { type: "authentication-header", header: ["X-Forwarded-Host", value] };
}

/** Whether two directives pass a cookie of the authentication service to the client, as oauth2-proxy documents it. */
function passesCookie(first: NginxDirective | undefined, second: NginxDirective | undefined): boolean {
  if (first?.name !== "auth_request_set" || first.words.length !== 2 || first.block !== undefined || !second)
    return false;
  const [variable = "", source = ""] = first.words;
  return passesWholeCookie(variable, source, second) || passesSecondCookie(variable, source, second);
}

function passesWholeCookie(variable: string, source: string, { name, words, block }: NginxDirective): boolean {
  if (variable !== "$auth_cookie" || source !== "$upstream_http_set_cookie" || block !== undefined) return false;
  return (
    name === "add_header" && ["Set-Cookie $auth_cookie", "Set-Cookie $auth_cookie always"].includes(words.join(" "))
  );
}

/** oauth2-proxy splits a large session into the cookies `NAME_0` and `NAME_1`. */
function passesSecondCookie(variable: string, source: string, { name, words, block }: NginxDirective): boolean {
  const [, cookie = ""] = /^\$upstream_cookie_([A-Za-z0-9_]+)_1$/.exec(source) ?? [];
  if (cookie === "" || variable !== `$${cookie}_upstream_1`) return false;
  if (name !== "access_by_lua_block" || words.length > 0 || block === undefined) return false;
  const read = `ngx.var.${cookie}_upstream_1`;
  const documented = `if ${read} ~= "" then ngx.header["Set-Cookie"] = "${cookie}_1=" .. ${read} .. ngx.var.auth_cookie:match("(; .*)") end`;
  return block.trim().split(/\s+/).join(" ") === documented;
}
