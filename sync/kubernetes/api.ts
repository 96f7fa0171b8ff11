import { HttpMethod } from "@kubernetes/client-node";
import type { Connections } from "./connections.ts";
import { ApiError, causeOf, parseJson } from "./errors.ts";
import { type Query, type Request, SILENT, send } from "./send.ts";
import { WATCH_TIMES, type WatchEvent, type WatchTimes, watch } from "./watch.ts";

export { ApiError, apiErrorOf } from "./errors.ts";
export type { Query } from "./send.ts";
export type { WatchEvent } from "./watch.ts";

const REQUEST_MS = 15_000;

/** What is used of a Kubernetes API server. Everything rejects with an ApiError where the server says no. */
export interface Api {
  get(path: string, query?: Query): Promise<unknown>;
  create(path: string, object: object): Promise<unknown>;
  /** Replaces an object whole; its resourceVersion must be the present one. */
  replace(path: string, object: object): Promise<unknown>;
  /** A JSON merge patch (RFC 7386); with `metadata.resourceVersion` in it, only that version is patched. */
  patch(path: string, patch: object): Promise<unknown>;
  remove(path: string): Promise<unknown>;
  /**
   * The events of one watch, until the server ends it, after half a minute at most, or `ended`. Rejects with an ApiError
   * where the server refuses the watch, with another error where the connection broke or fell silent, or an event could
   * not be read.
   */
  watch(path: string, query: Query, ended: AbortSignal): AsyncGenerator<WatchEvent, void>;
}

/** The API server that `connections` lead to. A request may take `requestMs`, watches aside. */
export function apiOf(
  connections: Connections,
  requestMs: number = REQUEST_MS,
  watchTimes: WatchTimes = WATCH_TIMES,
): Api {
  const ask = (request: Request) => answerOf(connections, request, requestMs);
  return {
    get: (path, query) => ask({ method: HttpMethod.GET, path, query }),
    create: (path, body) => ask({ method: HttpMethod.POST, path, body }),
    replace: (path, body) => ask({ method: HttpMethod.PUT, path, body }),
    patch: (path, body) => ask({ method: HttpMethod.PATCH, path, body, contentType: "application/merge-patch+json" }),
    remove: (path) => ask({ method: HttpMethod.DELETE, path }),
    watch: (path, query, ended) => watch(connections, path, query, ended, watchTimes),
  };
}

async function answerOf(connections: Connections, request: Request, requestMs: number): Promise<unknown> {
  const over = new AbortController();
  const silence = setTimeout(() => over.abort(SILENT), requestMs);
  const where = `${request.method} ${request.path}`;
  try {
    const body = await send(connections, request, over.signal);
    const answer = parseJson(await body.text());
    if (answer === undefined) throw new Error("the answer is not JSON");
    return answer;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const why = over.signal.aborted ? `no answer from the API server within ${requestMs} ms` : causeOf(error);
    throw new Error(`${where}: ${why}`);
  } finally {
    clearTimeout(silence);
  }
}
