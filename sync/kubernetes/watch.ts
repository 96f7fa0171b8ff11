import { HttpMethod } from "@kubernetes/client-node";
import * as z from "zod";
import type { Connections } from "./connections.ts";
import { ApiError, causeOf, parseJson } from "./errors.ts";
import { type Query, SILENT, send } from "./send.ts";

/** How long watches last, and how much silence is a connection that is half open. */
export interface WatchTimes {
  readonly lastsSeconds: number;
  readonly silenceMs: number;
}

/**
 * A quiet API server sends nothing at all, not even bookmarks; but it ends a watch when its time is up. So silence for
 * longer than that only ever means a connection that is half open.
 */
export const WATCH_TIMES: WatchTimes = { lastsSeconds: 25, silenceMs: 30_000 };

const Event = z.object({
  type: z.enum(["ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR"]),
  object: z.unknown(),
});

/** One event of a watch, as the API server sends it; the object of an ERROR is a Status. */
export type WatchEvent = Readonly<z.infer<typeof Event>>;

/** The events of one watch. See `Api.watch`. */
export async function* watch(
  connections: Connections,
  path: string,
  query: Query,
  ended: AbortSignal,
  { lastsSeconds, silenceMs }: WatchTimes,
): AsyncGenerator<WatchEvent, void> {
  const over = new AbortController();
  const end = () => over.abort();
  ended.addEventListener("abort", end);
  const silence = alarm(silenceMs, () => over.abort(SILENT));
  const asked = { ...query, watch: true, allowWatchBookmarks: true, timeoutSeconds: lastsSeconds };
  try {
    if (ended.aborted) return;
    silence.set();
    const body = await send(connections, { method: HttpMethod.GET, path, query: asked }, over.signal);
    for await (const line of linesOf(body, silence)) {
      if (ended.aborted) return;
      yield eventOf(line);
      if (ended.aborted) return;
    }
  } catch (error) {
    if (!ended.aborted) throw watchErrorOf(error, path, over.signal, silenceMs);
  } finally {
    silence.stop();
    ended.removeEventListener("abort", end);
    end();
  }
}

/** The whole lines of a body. Silence is told only while a line is waited for, not while the last one is dealt with. */
async function* linesOf(body: AsyncIterable<Uint8Array>, silence: Alarm): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    silence.stop();
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
    silence.set();
  }
  if (rest !== "") throw new Error("the connection ended in the middle of an event");
}

interface Alarm {
  set(): void;
  stop(): void;
}

function alarm(ms: number, act: () => void): Alarm {
  let timer: NodeJS.Timeout | undefined;
  const stop = () => clearTimeout(timer);
  const set = () => {
    stop();
    timer = setTimeout(act, ms);
  };
  return { set, stop };
}

function eventOf(line: string): WatchEvent {
  const event = Event.safeParse(parseJson(line));
  if (!event.success) throw new Error("the API server sent an event that can't be read");
  return event.data;
}

function watchErrorOf(error: unknown, path: string, signal: AbortSignal, silenceMs: number): Error {
  if (error instanceof ApiError) return error;
  const why = signal.reason === SILENT ? `nothing from the API server for ${silenceMs} ms` : causeOf(error);
  return new Error(`watch ${path}: ${why}`);
}
