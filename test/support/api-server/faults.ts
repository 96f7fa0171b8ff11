import type { RequestQuery } from "./lists.ts";

/** A received request. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly query: RequestQuery;
  readonly body: unknown;
  /** The media types of the response. */
  readonly accept: string | undefined;
  /** "METHOD /path?query", unescaped. */
  readonly line: string;
}

/** A fault in the response to any request. */
export type ResponseFault =
  /** Sends this response instead: a Status object, or `text`. */
  | { type: "answer"; status: number; reason?: string; message?: string; retryAfterSeconds?: number; text?: string }
  /** Sends no response. */
  | { type: "hang" }
  /** Closes the connection before the response. With `done`, the request is executed first. */
  | { type: "close"; done?: boolean }
  /** Sends half of the body, then closes the connection. With `cleanly`, the response ends normally instead. */
  | { type: "truncate"; cleanly?: boolean }
  /** Sends `items` items of a list. It reports remaining items without a continue token ("more"), or none ("complete"). */
  | { type: "short"; items: number; remainder: "more" | "complete" }
  /** Executes the request at once, but delays the response. */
  | { type: "late"; byMs: number };

/** A fault in a watch, at its start or later. */
export type WatchFault =
  /** Closes the connection. With `half`, in the middle of the next event. */
  | { type: "cut"; half?: boolean }
  /** Sends the headers and then nothing: no event, no bookmark, no end. The connection stays open. */
  | { type: "silence" }
  /** Sends an ERROR event with this code and ends the watch. */
  | { type: "error"; code: number; reason?: string; message?: string }
  /** Sends a line that is not an event. */
  | { type: "unparsable"; line?: string }
  /** Sends every later event twice. */
  | { type: "twice" }
  /** Sends the whole history again, newest first. */
  | { type: "stale" }
  /** Delays every later event. */
  | { type: "slow"; byMs: number };

export type Fault = ResponseFault | WatchFault;

export type RequestMatcher = RegExp | ((request: ApiRequest) => boolean);

/** A fault for the next matching requests. */
export interface ArmedFault {
  readonly matcher: RequestMatcher;
  readonly fault: Fault;
  /** Number of requests left. */
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

/** Whether a request matches. */
export function matchesRequest(matcher: RequestMatcher, request: ApiRequest): boolean {
  return matcher instanceof RegExp ? matcher.test(request.line) : matcher(request);
}

/** Returns the oldest fault for a request, and decrements its remaining requests. */
export function takeFault(faults: readonly ArmedFault[], request: ApiRequest, isWatching: boolean): Fault | undefined {
  const next = faults.find(
    ({ matcher, fault, remaining }) =>
      remaining > 0 && (isWatching || isResponseFault(fault)) && matchesRequest(matcher, request),
  );
  if (next) next.remaining -= 1;
  return next?.fault;
}
