import { HttpMethod } from "@kubernetes/client-node";
import type { Connections } from "./connections.ts";
import { ApiError, formatCause, parseJson, ResponseTooLargeError } from "./errors.ts";
import { type KubernetesRequest, type Query, readResponseText, SERVER_TIMEOUT, sendKubernetesRequest } from "./http.ts";
import { WATCH_TIMES, type WatchEvent, type WatchTimes, watch } from "./watch.ts";

export { ApiError, createApiError } from "./errors.ts";
export type { Query } from "./http.ts";
export type { WatchEvent } from "./watch.ts";

const REQUEST_TIMEOUT_MS = 15_000;
/** A page of a list has up to 500 objects. etcd stores objects of up to 1.5 MiB, or 10 MiB if it is configured so. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;

/**
 * The requests to a Kubernetes API server. All reject with an `ApiError` if the server refuses, and with a
 * `ResponseTooLargeError` for a response above 32 MiB.
 */
export interface KubernetesClient {
  get(path: string, query?: Query): Promise<unknown>;
  /** Returns an object without its content: only kind and metadata. */
  getMetadata(path: string): Promise<unknown>;
  /** Returns a page of a list without the content of the objects. Its kind is PartialObjectMetadataList. */
  listMetadata(path: string, query?: Query): Promise<unknown>;
  /** Rejects when `signal` is aborted; then the object may have been created or not. */
  create(path: string, object: object, signal?: AbortSignal): Promise<unknown>;
  /** Replaces the whole object. Its resourceVersion must be the current one. */
  replace(path: string, object: object): Promise<unknown>;
  /** Sends a JSON merge patch (RFC 7386). With `metadata.resourceVersion` it applies to that version only. */
  patch(path: string, patch: object, signal?: AbortSignal): Promise<unknown>;
  remove(path: string): Promise<unknown>;
  /**
   * Yields the events of one watch until the server ends it (after 30 s at most), or `signal` is aborted. Throws an
   * `ApiError` if the server refuses the watch. Throws another error if the connection breaks or is silent, or if an event
   * is invalid.
   */
  watch(path: string, query: Query, signal: AbortSignal): AsyncGenerator<WatchEvent, void>;
  /** A watch whose events have only the kind and metadata of the objects. */
  watchMetadata(path: string, query: Query, signal: AbortSignal): AsyncGenerator<WatchEvent, void>;
}

/** Creates a client. Each request except a watch times out after `requestTimeoutMs`. */
export function createKubernetesClient(
  connections: Connections,
  requestTimeoutMs: number = REQUEST_TIMEOUT_MS,
  watchTimes: WatchTimes = WATCH_TIMES,
): KubernetesClient {
  const requestOnce = (request: KubernetesRequest, signal?: AbortSignal) =>
    requestJson(connections, request, requestTimeoutMs, signal);
  return {
    get: (path, query) => requestOnce({ method: HttpMethod.GET, path, query }),
    getMetadata: (path) => requestOnce({ method: HttpMethod.GET, path, accept: METADATA_ONLY }),
    listMetadata: (path, query) => requestOnce({ method: HttpMethod.GET, path, query, accept: METADATA_LIST }),
    create: (path, body, signal) => requestOnce({ method: HttpMethod.POST, path, body }, signal),
    replace: (path, body) => requestOnce({ method: HttpMethod.PUT, path, body }),
    patch: (path, body, signal) =>
      requestOnce({ method: HttpMethod.PATCH, path, body, contentType: "application/merge-patch+json" }, signal),
    remove: (path) => requestOnce({ method: HttpMethod.DELETE, path }),
    watch: (path, query, signal) => watch(connections, { path, query }, signal, watchTimes),
    watchMetadata: (path, query, signal) =>
      watch(connections, { path, query, accept: METADATA_ONLY }, signal, watchTimes),
  };
}

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources */
const METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

async function requestJson(
  connections: Connections,
  request: KubernetesRequest,
  requestTimeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const abortController = new AbortController();
  const timer = setTimeout(() => abortController.abort(SERVER_TIMEOUT), requestTimeoutMs);
  const label = `Kubernetes API: ${request.method} ${request.path}`;
  try {
    const anySignal = signal ? AbortSignal.any([abortController.signal, signal]) : abortController.signal;
    const body = await sendKubernetesRequest(connections, request, anySignal);
    const json = parseJson(await readResponseText(body, MAX_RESPONSE_BYTES));
    if (json === undefined) throw new Error("the response is not JSON");
    return json;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (error instanceof ResponseTooLargeError) throw new ResponseTooLargeError(`${label}: ${error.message}`);
    const reason = abortController.signal.aborted ? `no response within ${requestTimeoutMs} ms` : formatCause(error);
    throw new Error(`${label}: ${reason}`);
  } finally {
    clearTimeout(timer);
  }
}
