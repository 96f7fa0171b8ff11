import * as z from "zod";

/** The API server's own refusal: an HTTP status, and the reason and message of its Status object. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** How long the server wants to be left alone. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const Status = z.object({ reason: z.string().optional(), message: z.string().optional() });

/** A Status object as an error of one line. Proxies before the API server answer with other things. */
export function createApiError(status: number, body: unknown, retryAfter?: string): ApiError {
  const { reason, message } = Status.safeParse(body).data ?? {};
  const line = message?.replace(/\s+/g, " ").trim() || `the API server answered ${status}`;
  const seconds = /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  return new ApiError(status, reason || "Unknown", line, seconds);
}

/** Whether a request may succeed on a retry: the connection or the API server failed, or the API server is busy. */
export function isTransient(error: Error): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}

/** What is wrong, in one line: what an error only has as its cause, or as one of many. */
export function formatCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return formatCause(error.cause);
  const message = error.message || (error instanceof AggregateError && error.errors.map(formatCause).join(", "));
  return (message || String(error)).replace(/\s+/g, " ");
}

/** Undefined for what isn't JSON. The parser's own words would quote it, and it may be a Secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
