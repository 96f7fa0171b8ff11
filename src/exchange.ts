import { hostOf } from "./rules/hosts.ts";
import { encodePath, normalisePath } from "./rules/paths.ts";

/** One request on its way, and who sent it. Filters hand on changed copies, never change it. */
export interface Exchange {
  readonly request: Request;
  readonly id: string; // request id: the client's X-Request-ID, or one made here
  readonly scheme: "http" | "https";
  readonly hostHeader: string; // as the client wrote it
  readonly host: string; // as rules name it
  readonly path: string | undefined; // normalised, a byte string; undefined where it cannot be
  readonly rawPath: string; // as the client wrote it
  readonly query: string; // as the client wrote it, with its "?"; or ""
  readonly clientIp: string;
  readonly groups: readonly (string | undefined)[]; // of the route's expression
  readonly target: string; // the path to ask the origin for, escaped, without query
  readonly zones: readonly string[]; // of the account, in the generation that this request sees
}

const URL_PARTS = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?=\/|$)/i;
// A client's own id is kept where it is one word; anything else could forge lines of a log.
const REQUEST_ID = /^[\w.:+=/@-]{1,200}$/;

/** Reads a request. Its URL is taken apart as text: a URL object would resolve dots and escapes. */
export function exchangeOf(request: Request, url: string = request.url): Exchange {
  const [, scheme, authority = "", rawPath = "", query = ""] = URL_PARTS.exec(url) ?? [];
  const hostHeader = request.headers.get("Host") ?? authority;
  const path = normalisePath(rawPath);
  const given = request.headers.get("X-Request-ID") ?? "";
  return {
    request,
    id: REQUEST_ID.test(given) ? given : crypto.randomUUID().replaceAll("-", ""),
    scheme: scheme === "https" ? "https" : "http",
    hostHeader,
    host: hostOf(hostHeader),
    path,
    rawPath: rawPath || "/",
    query,
    clientIp: request.headers.get("CF-Connecting-IP") ?? "",
    groups: [],
    zones: [],
    target: targetOf(rawPath || "/", path),
  };
}

/**
 * The path to ask the origin for: the client's own, unless it has dot segments. A fetch resolves them before slashes are
 * merged, and would ask for another path than was matched: `"/admin//../x"` is matched as `"/x"`.
 */
function targetOf(rawPath: string, path: string | undefined): string {
  return path !== undefined && DOT_SEGMENT.test(rawPath) ? encodePath(path) : rawPath;
}
