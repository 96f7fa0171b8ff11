import { HttpMethod, IsomorphicFetchHttpLibrary, RequestContext, Watch } from "@kubernetes/client-node";
import * as z from "zod";
import type { Connections } from "./connections.ts";

const REQUEST_MS = 15_000;
/**
 * How long a watch lasts. The API server sends a bookmark two seconds before its end, and the client gives up after 30
 * seconds of silence: so silence only ever means a connection that is half open.
 */
const WATCH_SECONDS = 25;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** One event of a watch, as the API server sends it; the object of an ERROR is a Status. */
export interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: unknown;
}

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
   * where the server refuses the watch, with another error where the connection broke.
   */
  watch(path: string, query: Query, ended: AbortSignal): AsyncGenerator<WatchEvent, void>;
}

/** The API server's own refusal: an HTTP status, and the reason and message of its Status object. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

/** The API server that `connections` lead to. A request may take `requestMs`, watches aside. */
export function apiOf(connections: Connections, requestMs: number = REQUEST_MS): Api {
  const ask = asker(connections, requestMs);
  return {
    get: (path, query = {}) => ask(HttpMethod.GET, path, query),
    create: (path, object) => ask(HttpMethod.POST, path, {}, object),
    replace: (path, object) => ask(HttpMethod.PUT, path, {}, object),
    patch: (path, patch) => ask(HttpMethod.PATCH, path, {}, patch, "application/merge-patch+json"),
    remove: (path) => ask(HttpMethod.DELETE, path, {}),
    watch: (path, query, ended) => events(connections, path, query, ended),
  };
}

function asker(connections: Connections, requestMs: number) {
  const http = new IsomorphicFetchHttpLibrary();
  return async (method: HttpMethod, path: string, query: Query, body?: object, type = "application/json") => {
    const context = contextOf(connections, method, path, query);
    await connections.applySecurityAuthentication(context);
    if (body !== undefined) {
      context.setHeaderParam("Content-Type", type);
      context.setBody(JSON.stringify(body));
    }
    const signal = AbortSignal.timeout(requestMs);
    context.setSignal(signal);
    try {
      const { httpStatusCode, body: answer } = await http.send(context).toPromise();
      return bodyOf(httpStatusCode, await answer.text());
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (!signal.aborted) throw new Error(`${method} ${path}: ${causeOf(error)}`);
      connections.giveUp();
      throw new Error(`${method} ${path}: no answer from the API server within ${requestMs} ms`);
    }
  };
}

function contextOf(connections: Connections, method: HttpMethod, path: string, query: Query): RequestContext {
  const server = connections.getCurrentCluster()?.server;
  if (server === undefined) throw new Error("the kubeconfig names no cluster");
  const context = new RequestContext(`${server}${path}`, method);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) context.setQueryParam(name, String(value));
  }
  context.setHeaderParam("Accept", "application/json");
  return context;
}

const Status = z.object({ reason: z.string().optional(), message: z.string().optional() });

function bodyOf(status: number, text: string): unknown {
  if (status >= 200 && status < 300) return JSON.parse(text);
  throw apiErrorOf(status, parseJson(text));
}

/** A Status object as an error. Proxies before the API server answer with other things. */
export function apiErrorOf(status: number, body: unknown): ApiError {
  const { reason, message } = Status.safeParse(body).data ?? {};
  return new ApiError(status, reason ?? "Unknown", message ?? `the API server answered ${status}`);
}

async function* events(
  connections: Connections,
  path: string,
  query: Query,
  ended: AbortSignal,
): AsyncGenerator<WatchEvent, void> {
  const queue: WatchEvent[] = [];
  let over: { error: unknown } | undefined;
  let wake = () => {};
  const request = await new Watch(connections).watch(
    path,
    { ...query, allowWatchBookmarks: true, timeoutSeconds: WATCH_SECONDS },
    (type, object) => {
      queue.push({ type: type as WatchEvent["type"], object }); // as the API server writes it
      wake();
    },
    (error) => {
      over = { error };
      wake();
    },
  );
  const abort = () => request.abort();
  ended.addEventListener("abort", abort);
  try {
    while (!ended.aborted) {
      yield* queue.splice(0);
      if (queue.length > 0) continue;
      if (over) break;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    ended.removeEventListener("abort", abort);
    request.abort();
  }
  if (ended.aborted || !over?.error) return;
  if (isTimeout(over.error)) connections.giveUp();
  throw watchErrorOf(over.error, path);
}

/** The client gives the status of a refused watch, and none of what the server said. */
function watchErrorOf(error: unknown, path: string): Error {
  const status = error instanceof Error && "statusCode" in error ? Number(error.statusCode) : undefined;
  if (status !== undefined) return new ApiError(status, "Unknown", `watch ${path}: the API server answered ${status}`);
  return new Error(`watch ${path}: ${causeOf(error)}`);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === "TimeoutError";
}

/** What a failed fetch hides behind "fetch failed". */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || String(error.cause) : error.message;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
