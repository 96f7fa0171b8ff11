import type { RequestQuery } from "./lists.ts";

/** A request, as it came. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: RequestQuery;
  readonly body: unknown;
  /** "METHOD /path?query", with nothing escaped. */
  readonly line: string;
}

/** What can go wrong with the answer to any request. */
export type ResponseFault =
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
export type WatchFault =
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

export type Fault = ResponseFault | WatchFault;

export type RequestMatcher = RegExp | ((request: ApiRequest) => boolean);

/** A fault that waits for its requests. */
export interface ArmedFault {
  readonly matcher: RequestMatcher;
  readonly fault: Fault;
  /** For so many requests more. */
  remaining: number;
}

const RESPONSE_FAULTS: readonly string[] = [
  "answer",
  "hang",
  "close",
  "truncate",
  "short",
  "late",
] satisfies ResponseFault["type"][];

export function isResponseFault(fault: Fault): fault is ResponseFault {
  return RESPONSE_FAULTS.includes(fault.type);
}

/** Whether `asked` is what `on` waits for. */
export function matchesRequest(matcher: RequestMatcher, request: ApiRequest): boolean {
  return matcher instanceof RegExp ? matcher.test(request.line) : matcher(request);
}

/** The fault that is due for a request, the oldest first; counts it. */
export function takeFault(faults: readonly ArmedFault[], request: ApiRequest, isWatching: boolean): Fault | undefined {
  const next = faults.find(
    ({ matcher, fault, remaining }) =>
      remaining > 0 && (isWatching || isResponseFault(fault)) && matchesRequest(matcher, request),
  );
  if (next) next.remaining -= 1;
  return next?.fault;
}
