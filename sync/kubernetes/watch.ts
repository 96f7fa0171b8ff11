import { HttpMethod } from "@kubernetes/client-node";
import * as z from "zod";
import type { Connections } from "./connections.ts";
import { ApiError, formatCause, parseJson } from "./errors.ts";
import { type Query, SERVER_TIMEOUT, sendKubernetesRequest } from "./http.ts";

/** How long watches last, and how much silence is a connection that is half open. */
export interface WatchTimes {
  readonly durationSeconds: number;
  readonly idleTimeoutMs: number;
}

/**
 * A quiet API server sends nothing at all, not even bookmarks; but it ends a watch when its time is up. So silence for
 * longer than that only ever means a connection that is half open.
 */
export const WATCH_TIMES: WatchTimes = { durationSeconds: 25, idleTimeoutMs: 30_000 };

const EventSchema = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.unknown(),
});

/** One event of a watch, as the API server sends it; the object of an ERROR is a Status. */
export type WatchEvent = Readonly<z.infer<typeof EventSchema>>;

/** The events of one watch. See `Api.watch`. */
export async function* watch(
  connections: Connections,
  path: string,
  query: Query,
  signal: AbortSignal,
  { durationSeconds, idleTimeoutMs }: WatchTimes,
): AsyncGenerator<WatchEvent, void> {
  const abortController = new AbortController();
  const end = () => abortController.abort();
  signal.addEventListener("abort", end);
  const idleTimer = createIdleTimer(idleTimeoutMs, () => abortController.abort(SERVER_TIMEOUT));
  const watchQuery = { ...query, watch: true, allowWatchBookmarks: true, timeoutSeconds: durationSeconds };
  try {
    if (signal.aborted) return;
    idleTimer.restart();
    const body = await sendKubernetesRequest(
      connections,
      { method: HttpMethod.GET, path, query: watchQuery },
      abortController.signal,
    );
    for await (const line of readLines(body, idleTimer)) {
      if (signal.aborted) return;
      yield parseWatchEvent(line);
      if (signal.aborted) return;
    }
  } catch (error) {
    if (!signal.aborted) throw createWatchError(error, path, abortController.signal, idleTimeoutMs);
  } finally {
    idleTimer.stop();
    signal.removeEventListener("abort", end);
    end();
  }
}

/** The whole lines of a body. Silence is told only while a line is waited for, not while the last one is dealt with. */
async function* readLines(body: AsyncIterable<Uint8Array>, idleTimer: IdleTimer): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let remainder = "";
  for await (const chunk of body) {
    idleTimer.stop();
    const lines = (remainder + decoder.decode(chunk, { stream: true })).split("\n");
    remainder = lines.pop() ?? "";
    yield* lines;
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
  if (!event.success) throw new Error("the API server sent an event that can't be read");
  return event.data;
}

function createWatchError(error: unknown, path: string, signal: AbortSignal, idleTimeoutMs: number): Error {
  if (error instanceof ApiError) return error;
  const reason =
    signal.reason === SERVER_TIMEOUT ? `nothing from the API server for ${idleTimeoutMs} ms` : formatCause(error);
  return new Error(`watch ${path}: ${reason}`);
}
