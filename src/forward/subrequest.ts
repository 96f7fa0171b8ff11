import type { Exchange } from "../exchange.ts";
import type { Site } from "../filters/filter.ts";
import { hostOf } from "../rules/hosts.ts";
import { forwardedPath, normalisePath } from "../rules/paths.ts";
import type { Target } from "../rules/target.ts";
import { expand } from "../variables.ts";
import { originTarget } from "./target.ts";

/** What a subrequest is, beside where it goes. Redirects are not followed. */
export interface Subrequest {
  readonly method: string;
  readonly headers: Headers;
  readonly body: ReadableStream | null;
  readonly timeoutMs: number;
  /** Ends it, where that is to happen before. */
  readonly signal?: AbortSignal;
  /** The Host to ask a backend with, in place of the client's; it must lie in the same zone. */
  readonly host?: string | undefined;
}

/** Asks another service about a request. Rejects where it cannot be reached, or has not begun to answer in time. */
export async function subrequest(
  exchange: Exchange,
  { rules }: Site,
  target: Target,
  asked: Subrequest,
): Promise<Response> {
  switch (target.via) {
    case "internet":
      return send(exchange, target.origin + pathOf(target, exchange).join(""), asked, undefined);
    case "rules":
      return byRules(exchange, target, asked);
    case "backend": {
      const backend = rules.backends[target.backend];
      const address = backend?.addresses[Math.floor(Math.random() * backend.addresses.length)];
      const [path, query] = pathOf(target, exchange);
      const reached =
        backend &&
        address &&
        originTarget({ ...exchange, originHost: asked.host, target: path, query }, backend, address);
      if (!reached) throw new Error(`backend ${target.backend} cannot be reached`);
      return send(exchange, reached.url, asked, reached.resolveOverride);
    }
  }
}

/** A path that our own rules answer: going out to the edge again would come back to this Worker, or to none. */
async function byRules(exchange: Exchange, target: Target & { via: "rules" }, asked: Subrequest): Promise<Response> {
  const [rawPath, query] = pathOf(target, exchange);
  const hostHeader = expand(target.host, exchange);
  const path = normalisePath(rawPath);
  const request = new Request("http://edgress.invalid/", {
    method: asked.method,
    headers: asked.headers,
    body: asked.body,
    ...(asked.signal && { signal: asked.signal }),
  });
  const inner: Exchange = {
    ...exchange,
    request,
    scheme: target.scheme,
    hostHeader,
    host: hostOf(hostHeader),
    rawPath,
    query,
    path,
    target: forwardedPath(rawPath, path ?? "/"),
    body: asked.body,
    address: undefined,
    upstream: undefined,
    originHost: undefined,
    originHeaders: [],
  };
  return (await exchange.platform.serve(inner)).response;
}

async function send(
  { platform }: Exchange,
  url: string,
  { timeoutMs, method, headers, body, signal: given }: Subrequest,
  resolveOverride: string | undefined,
): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const signal = given ? AbortSignal.any([given, late.signal]) : late.signal;
  try {
    return await platform.fetch(url, { method, headers, body, signal, resolveOverride });
  } finally {
    clearTimeout(timer);
  }
}

/** The path, which begins with a slash whatever its variables hold: else a client could write another host there. */
function pathOf({ path }: Target, exchange: Exchange): [path: string, query: string] {
  const expanded = expand(path, exchange);
  const whole = (expanded.startsWith("/") ? expanded : `/${expanded}`).replaceAll("\\", "%5C");
  const at = whole.indexOf("?");
  return at < 0 ? [whole, ""] : [whole.slice(0, at), whole.slice(at)];
}
