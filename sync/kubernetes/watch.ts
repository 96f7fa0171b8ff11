import { HttpMethod } from "@kubernetes/client-node";
import * as z from "zod";
import type { Connections } from "./connections.ts";
import { ApiError, formatCause, parseJson } from "./errors.ts";
import { type Query, SERVER_TIMEOUT, sendKubernetesRequest } from "./http.ts";

/** The duration of a watch, and the silence after which its connection is treated as half open. */
export interface WatchTimes {
  readonly durationSeconds: number;
  readonly idleTimeoutMs: number;
}

/**
 * Without changes the API server sends nothing, not even bookmarks, but it ends each watch on time. Longer silence therefore
 * means a half-open connection.
 */
export const WATCH_TIMES: WatchTimes = { durationSeconds: 25, idleTimeoutMs: 30_000 };

const EventSchema = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.unknown(),
});

/** One event of a watch. The object of an ERROR event is a Status. */
export type WatchEvent = Readonly<z.infer<typeof EventSchema>>;

/** A watched collection. `accept` is JSON by default. */
export interface WatchTarget {
  readonly path: string;
  readonly query: Query;
  readonly accept?: string;
}

/** Yields the events of one watch. See `KubernetesClient.watch`. */
export async function* watch(
  connections: Connections,
  target: WatchTarget,
  signal: AbortSignal,
  { durationSeconds, idleTimeoutMs }: WatchTimes,
): AsyncGenerator<WatchEvent, void> {
  const abortController = new AbortController();
  const end = () => abortController.abort();
  signal.addEventListener("abort", end);
  const idleTimer = createIdleTimer(idleTimeoutMs, () => abortController.abort(SERVER_TIMEOUT));
  const query = { ...target.query, watch: true, allowWatchBookmarks: true, timeoutSeconds: durationSeconds };
  try {
    if (signal.aborted) return;
    idleTimer.restart();
    const body = await sendKubernetesRequest(
      connections,
      { ...target, method: HttpMethod.GET, query },
      abortController.signal,
    );
    for await (const line of readLines(body, idleTimer)) {
      if (signal.aborted) return;
      yield parseWatchEvent(line);
      if (signal.aborted) return;
    }
  } catch (error) {
    if (!signal.aborted) throw createWatchError(error, target.path, abortController.signal, idleTimeoutMs);
  } finally {
    idleTimer.stop();
    signal.removeEventListener("abort", end);
    end();
  }
}

/** Longer than an event of the largest object: etcd stores up to 1.5 MiB, or 10 MiB if it is configured so. */
const MAX_EVENT_CHARACTERS = 32 * 1024 * 1024;

/** Yields complete lines of a body. The idle timer runs only while it waits for a line, not while the reader works. */
async function* readLines(body: AsyncIterable<Uint8Array>, idleTimer: IdleTimer): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let remainder = "";
  for await (const chunk of body) {
    idleTimer.stop();
    const [first = "", ...lines] = decoder.decode(chunk, { stream: true }).split("\n");
    remainder += first; // not split again, because an event may come in thousands of chunks
    if (remainder.length > MAX_EVENT_CHARACTERS)
      throw new Error(`an event is larger than ${MAX_EVENT_CHARACTERS} bytes`);
    for (const line of lines) {
      yield remainder;
      remainder = line;
    }
    idleTimer.restart();
  }
  if (remainder !== "") throw new Error("the connection ended in the middle of an event");
}

interface IdleTimer {
  restart(): void;
  stop(): void;
}

function createIdleTimer(ms: number, onTimeout: () => void): IdleTimer {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const restart = () => {
    stop();
    timer = setTimeout(onTimeout, ms);
  };
  return { restart, stop };
}

function parseWatchEvent(line: string): WatchEvent {
  const event = EventSchema.safeParse(parseJson(line));
  if (!event.success) throw new Error("invalid watch event from the API server");
  return event.data;
}

function createWatchError(error: unknown, path: string, signal: AbortSignal, idleTimeoutMs: number): Error {
  if (error instanceof ApiError) return error;
  const reason = signal.reason === SERVER_TIMEOUT ? `no data for ${idleTimeoutMs} ms` : formatCause(error);
  return new Error(`Kubernetes API: watch of ${path}: ${reason}`);
}
