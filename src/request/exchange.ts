import type { Env } from "../env.ts";
import { normalizeHost } from "../rules/hosts.ts";
import { buildOriginPath, normalizePath } from "../rules/paths.ts";
import type { UpstreamSettings } from "../rules/policies/upstream.ts";
import type { UnhealthyRecords } from "../rules/snapshot.ts";
import type { OriginFetchInit } from "../runtime/origin-fetch.ts";
import { type ClientCertificate, parseClientCertificate } from "./client-certificate.ts";
import type { EdgeResponse } from "./response.ts";

/** One request being handled, and its client. Filters pass on changed copies and never mutate it. */
export interface Exchange {
  readonly request: Request;
  readonly id: string; // request id: the client's X-Request-ID, or a generated one
  readonly scheme: "http" | "https";
  readonly hostHeader: string; // as the client wrote it
  readonly host: string; // as rules name it, normalized
  readonly path: string | undefined; // normalized, a byte string; undefined if invalid
  readonly rawPath: string; // as the client wrote it
  readonly query: string; // as the client wrote it, with its "?"; or ""
  readonly clientIp: string; // or "namespace NAME", for a subrequest from another namespace
  /** Parses the client certificate. Only a filter that needs it calls this, because `request.cf` is expensive to read. */
  readonly readClientCertificate: () => ClientCertificate;
  readonly groups: readonly (string | undefined)[]; // of the route's regex
  readonly labels: RouteLabels; // of the matched route
  readonly originPath: string; // the escaped path for the origin, without query
  readonly body: ReadableStream | null;
  readonly backend: string | undefined; // the backend to forward to: "namespace/service:port"
  readonly preferredRecord: string | undefined; // the record to try first, if the backend has it
  readonly hashKey?: string | undefined; // requests with the same key go to the same address
  readonly upstream: UpstreamSettings | undefined; // undefined for the defaults
  readonly originHost: string | undefined; // the Host header for the origin, instead of the client's
  /** Headers to set for the origin, or to remove if the value is undefined. */
  readonly originHeaders: readonly (readonly [name: string, value: string | undefined])[];
  readonly caller: SubrequestCaller | undefined; // of a subrequest
  readonly zones: readonly string[]; // of the account, in the snapshot of this request
  /** By backend: the records of the addresses that failed their health checks. */
  readonly unhealthy?: UnhealthyRecords | undefined;
  readonly platform: RequestServices;
}

/** The names of a route, for variables. */
export interface RouteLabels {
  readonly namespace: string;
  readonly ingress: string;
  readonly service: string;
  readonly port: string;
}

/** The Ingress whose annotation causes a subrequest. */
export interface SubrequestCaller {
  readonly namespace: string;
  readonly ingress: string;
  /** Headers that identify the visitor. A route of another namespace does not get them. */
  readonly identityHeaders: readonly string[];
}

/** Services of the runtime for a request. */
export interface RequestServices {
  readonly env: Env;
  /** Continues work after the response. */
  readonly waitUntil: (work: Promise<unknown>) => void;
  /** Starts work that does not affect the response. */
  readonly runInBackground: (work: () => Promise<unknown>) => void;
  /** Serves a subrequest by the rules of the same snapshot. */
  readonly serve: (exchange: Exchange) => Promise<EdgeResponse>;
  /** Fetches a URL. */
  readonly fetch: (url: string, init: OriginFetchInit) => Promise<Response>;
  /** Decrypts a secret. Rejects if that fails. */
  readonly decrypt: (encryptedSecret: string) => Promise<string>;
  /** The cache of this location. */
  readonly cache: TextCache;
}

/** A cache of texts. It may drop an entry at any time. */
export interface TextCache {
  readonly get: (name: string) => Promise<string | undefined>;
  readonly put: (name: string, text: string, seconds: number) => Promise<void>;
}

/** Maximum nesting of subrequests, to end loops such as an authentication path that authenticates itself. */
export const MAX_SUBREQUEST_DEPTH = 2;

const URL_PARTS = /^(https?):\/\/([^/?#]*)([^?#]*)(\?[^#]*)?/;
// A client's request id is kept if it is one word. Other texts could forge log lines.
const REQUEST_ID = /^[\w.:+=/@-]{1,200}$/;

/** Creates the exchange of a request. Parses its URL as text, because a URL object would resolve dots and escapes. */
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
    readClientCertificate: () => parseClientCertificate(request),
    groups: [],
    labels: { namespace: "", ingress: "", service: "", port: "" },
    body: request.body,
    backend: undefined,
    preferredRecord: undefined,
    upstream: undefined,
    originHost: undefined,
    originHeaders: [],
    caller: undefined,
    zones: [],
    platform,
    originPath: buildOriginPath(rawPath || "/", path ?? "/"),
  };
}
