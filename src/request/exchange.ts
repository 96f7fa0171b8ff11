import type { Env } from "../env.ts";
import { normalizeHost } from "../rules/hosts.ts";
import { buildOriginPath, normalizePath } from "../rules/paths.ts";
import type { UpstreamSettings } from "../rules/policies/upstream.ts";
import type { OriginFetchInit } from "../runtime/origin-fetch.ts";
import { type ClientCertificate, parseClientCertificate } from "./client-certificate.ts";
import type { EdgeResponse } from "./response.ts";

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
  readonly clientCertificate: ClientCertificate;
  readonly groups: readonly (string | undefined)[]; // of the route's expression
  readonly labels: RouteLabels; // of the route, once it is found
  readonly originPath: string; // the path to ask the origin for, escaped, without query
  readonly body: ReadableStream | null;
  readonly backend: string | undefined; // to forward to, by "namespace/service:port"
  readonly preferredRecord: string | undefined; // the record to ask first, if the backend has it
  readonly upstream: UpstreamSettings | undefined; // how to ask, where it is not as ever
  readonly originHost: string | undefined; // the Host that the origin is asked with, in place of the client's
  /** Headers that the origin gets beside the client's, or does not get where there is no value. */
  readonly originHeaders: readonly (readonly [name: string, value: string | undefined])[];
  readonly zones: readonly string[]; // of the account, in the generation that this request sees
  readonly platform: RequestServices;
}

/** What a route is called, for variables. */
export interface RouteLabels {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  readonly port: string;
}

/** What a request can ask of where it is served. */
export interface RequestServices {
  readonly env: Env;
  /** Goes on with something after the answer. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Begins something that has no part in the answer. */
  readonly runInBackground: (work: () => Promise<unknown>) => void;
  /** Serves a subrequest by the rules of the same generation. */
  readonly serve: (exchange: Exchange) => Promise<EdgeResponse>;
  /** Asks another service. */
  readonly fetch: (url: string, init: OriginFetchInit) => Promise<Response>;
  /** The text that was sealed. Rejects where it cannot be opened. */
  readonly decrypt: (encryptedSecret: string) => Promise<string>;
  /** Texts that are kept for some seconds, near here; it may forget them at any time. */
  readonly cache: TextCache;
}

/** A cache of texts. It may drop an entry at any time. */
export interface TextCache {
  readonly get: (name: string) => Promise<string | undefined>;
  readonly put: (name: string, text: string, seconds: number) => Promise<void>;
}

/** Subrequests that a request may cause one inside the other: an authentication path that asks itself must end. */
export const MAX_SUBREQUEST_DEPTH = 2;

const URL_PARTS = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/;
// A client's own id is kept where it is one word; anything else could forge lines of a log.
const REQUEST_ID = /^[\w.:+=/@-]{1,200}$/;

/** Reads a request. Its URL is taken apart as text: a URL object would resolve dots and escapes. */
export function createExchange(request: Request, platform: RequestServices, url: string = request.url): Exchange {
  const [, scheme, authority = "", rawPath = "", query = ""] = URL_PARTS.exec(url) ?? [];
  const hostHeader = request.headers.get("Host") ?? authority;
  const path = normalizePath(rawPath);
  const clientRequestId = request.headers.get("X-Request-ID") ?? "";
  return {
    request,
    id: REQUEST_ID.test(clientRequestId) ? clientRequestId : crypto.randomUUID().replaceAll("-", ""),
    scheme: scheme === "https" ? "https" : "http",
    hostHeader,
    host: normalizeHost(hostHeader),
    path,
    rawPath: rawPath || "/",
    query,
    clientIp: request.headers.get("CF-Connecting-IP") ?? "",
    clientCertificate: parseClientCertificate(request),
    groups: [],
    labels: { namespace: "", ingress: "", service: "", port: "" },
    body: request.body,
    backend: undefined,
    preferredRecord: undefined,
    upstream: undefined,
    originHost: undefined,
    originHeaders: [],
    zones: [],
    platform,
    originPath: buildOriginPath(rawPath || "/", path ?? "/"),
  };
}
