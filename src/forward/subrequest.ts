import type { Exchange } from "../request/exchange.ts";
import type { HostContext, SubrequestInit } from "../request/filter.ts";
import { expandVariables } from "../request/nginx-variables.ts";
import { HANDSHAKE_HEADERS } from "../rules/edge-headers.ts";
import { normalizeHost } from "../rules/hosts.ts";
import { buildOriginPath, hasDotSegment, normalizePath } from "../rules/paths.ts";
import type { HostRules } from "../rules/snapshot.ts";
import type { SubrequestTarget } from "../rules/subrequest-target.ts";
import { createPipe } from "../runtime/streams.ts";
import { chooseRandomAddress } from "./balance.ts";
import { buildOriginUrl } from "./origin-url.ts";

// A fetch would remove tabs and line breaks, drop the fragment, and read a backslash as a slash: "/.\t./x" as "/../x".
const CHARACTERS_CHANGED_BY_FETCH = /[\t\n\r#\\]/g;

/** Sends the subrequests of a host's filters. */
export function createSubrequestSender(rules: HostRules): HostContext["sendSubrequest"] {
  return (exchange, target, init) => sendSubrequest(exchange, rules, target, init);
}

async function sendSubrequest(
  exchange: Exchange,
  rules: HostRules,
  target: SubrequestTarget,
  clientInit: SubrequestInit,
): Promise<Response> {
  const init = { ...clientInit, headers: withoutHandshake(clientInit.headers) };
  switch (target.via) {
    case "internet":
      return fetchWithTimeout(exchange, target.origin + expandTargetPath(target, exchange).join(""), init, undefined);
    case "rules":
      return serveByRules(exchange, target, init);
    case "backend": {
      const backend = rules.backends[target.backend];
      const address = backend && chooseRandomAddress(exchange, target.backend, backend);
      const [path, query] = expandTargetPath(target, exchange);
      const originUrl =
        backend &&
        address &&
        buildOriginUrl({ ...exchange, originHost: init.host, originPath: path, query }, backend, address);
      if (!originUrl) throw new Error(`unreachable backend: ${target.backend}`);
      return fetchWithTimeout(exchange, originUrl.url, init, originUrl.resolveOverride);
    }
  }
}

function withoutHandshake(clientHeaders: Headers): Headers {
  const headers = new Headers(clientHeaders);
  for (const name of HANDSHAKE_HEADERS) headers.delete(name);
  return headers;
}

/** Serves a subrequest by the rules. A fetch would come back to this Worker, or to no Worker. */
async function serveByRules(
  exchange: Exchange,
  target: SubrequestTarget & { via: "rules" },
  init: SubrequestInit,
): Promise<Response> {
  const [rawPath, query] = expandTargetPath(target, exchange);
  const hostHeader = expandVariables(target.host, exchange);
  const path = normalizePath(rawPath);
  const request = new Request("http://edgress.invalid/", {
    method: init.method,
    headers: init.headers,
    ...(init.signal && { signal: init.signal }),
  });
  const innerExchange: Exchange = {
    ...exchange,
    request,
    scheme: target.scheme,
    hostHeader,
    host: normalizeHost(hostHeader),
    rawPath,
    query,
    path,
    originPath: buildOriginPath(rawPath, path ?? "/"),
    body: init.body,
    preferredRecord: undefined,
    hashKey: undefined,
    upstream: undefined,
    originHost: undefined,
    originHeaders: init.edgeHeaders ?? [],
    caller: {
      namespace: exchange.labels.namespace,
      ingress: exchange.labels.ingress,
      identityHeaders: init.identityHeaders ?? [],
    },
  };
  return (await exchange.platform.serve(innerExchange)).response;
}

async function fetchWithTimeout(
  { platform }: Exchange,
  url: string,
  { timeoutMs, method, headers, body, signal: callerSignal }: SubrequestInit,
  resolveOverride: string | undefined,
): Promise<Response> {
  const timeoutController = new AbortController();
  const timer = setTimeout(() => timeoutController.abort(new Error(`no response within ${timeoutMs} ms`)), timeoutMs);
  // A pipe of a known length sends Content-Length. Rules make their own, and two such pipes cannot be joined.
  const sizedBody = body?.pipeThrough(createPipe(headers.get("Content-Length"))) ?? null;
  const signal = callerSignal ? AbortSignal.any([callerSignal, timeoutController.signal]) : timeoutController.signal;
  try {
    return await platform.fetch(url, { method, headers, body: sizedBody, signal, resolveOverride });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Returns path and query. The path always begins with a slash, so that a variable cannot change the host. Throws if the
 * path has dot segments, because a variable could lead out of the literal part.
 */
function expandTargetPath({ path }: SubrequestTarget, exchange: Exchange): [path: string, query: string] {
  const expandedPath = expandVariables(path, exchange);
  const absolutePath = (expandedPath.startsWith("/") ? expandedPath : `/${expandedPath}`).replace(
    CHARACTERS_CHANGED_BY_FETCH,
    encodeURIComponent,
  );
  const queryStart = absolutePath.indexOf("?");
  const parts: [path: string, query: string] =
    queryStart < 0 ? [absolutePath, ""] : [absolutePath.slice(0, queryStart), absolutePath.slice(queryStart)];
  if (hasDotSegment(parts[0])) throw new Error("the path of the subrequest has dot segments");
  return parts;
}
