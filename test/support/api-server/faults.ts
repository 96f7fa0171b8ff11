import type { Query } from "./lists.ts";

/** A request, as it came. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: Query;
  readonly body: unknown;
  /** "METHOD /path?query", with nothing escaped. */
  readonly line: string;
}

/** What can go wrong with the answer to any request. */
export type AnswerFault =
  /** This instead: a Status object, or `text` as it is. */
  | { type: "answer"; status: number; reason?: string; message?: string; retryAfterSeconds?: number; text?: string }
  /** Nothing, for ever. */
  | { type: "hang" }
  /** The connection closes before an answer; with `done`, after what was asked for has happened. */
  | { type: "close"; done?: boolean }
  /** Half the body; then the connection closes, or the answer ends as if that were all. */
  | { type: "truncate"; cleanly?: boolean }
  /** Only so many items of a list, which says that there are more but not how to go on, or that this is all. */
  | { type: "short"; items: number; says: "more" | "complete" }
  /** The answer comes so much later; what was asked for happens at once. */
  | { type: "late"; byMs: number };

/** What can go wrong with a watch, from its beginning or in its course. */
export type StreamFault =
  /** The connection closes; with `half`, in the middle of the next event. */
  | { type: "cut"; half?: boolean }
  /** Headers are sent, and then nothing for ever: no events, no bookmarks, no end. The connection stays open. */
  | { type: "silence" }
  /** An ERROR event with this code, and then the end. */
  | { type: "error"; code: number; reason?: string; message?: string }
  /** A line that is no event. */
  | { type: "unparsable"; line?: string }
  /** From now on every event comes twice. */
  | { type: "twice" }
  /** All that the server remembers comes again, the newest first. */
  | { type: "stale" }
  /** From now on events come so much later. */
  | { type: "slow"; byMs: number };

export type Fault = AnswerFault | StreamFault;

export type On = RegExp | ((asked: Asked) => boolean);

/** A fault that waits for its requests. */
export interface Armed {
  readonly on: On;
  readonly fault: Fault;
  /** For so many requests more. */
  left: number;
}

const ANSWERS: readonly string[] = [
  "answer",
  "hang",
  "close",
  "truncate",
  "short",
  "late",
] satisfies AnswerFault["type"][];

export function isAnswerFault(fault: Fault): fault is AnswerFault {
  return ANSWERS.includes(fault.type);
}

/** Whether `asked` is what `on` waits for. */
export function isOn(on: On, asked: Asked): boolean {
  return on instanceof RegExp ? on.test(asked.line) : on(asked);
}

/** The fault that is due for a request, the oldest first; counts it. */
export function due(armed: readonly Armed[], asked: Asked, watching: boolean): Fault | undefined {
  const next = armed.find(({ on, fault, left }) => left > 0 && (watching || isAnswerFault(fault)) && isOn(on, asked));
  if (next) next.left -= 1;
  return next?.fault;
}
