import * as z from "zod";
import { errorMessage } from "../../src/rules/error-message.ts";

/** An error response of the API server: the HTTP status, and the reason and message of its Status object. */
export class ApiError extends Error {
  readonly status: number;
  readonly reason: string;
  /** The Retry-After header, in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, reason: string, message: string, retryAfterSeconds?: number) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

const Status = z.object({ reason: z.string().optional(), message: z.string().optional() });

/** Converts a Status object to an error with a one-line message. Proxies may respond with other bodies. */
export function createApiError(status: number, body: unknown, retryAfter?: string): ApiError {
  const { reason, message } = Status.safeParse(body).data ?? {};
  const line = message?.replace(/\s+/g, " ").trim() || `the API server responded with status ${status}`;
  const seconds = /^\d+$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  return new ApiError(status, reason || "Unknown", line, seconds);
}

/** What to do, by the status of a response. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [401, ". Check the credentials: the kubeconfig, or the ServiceAccount of the Pod"],
  [403, ". Apply the Roles and bindings of deploy/base or of the chart"],
]);

/** Formats an error for a log line or a probe. For a response of the API server it adds the service and what to do. */
export function describeProblem(error: unknown): string {
  if (!(error instanceof ApiError)) return errorMessage(error);
  return `Kubernetes API: ${error.message} (status ${error.status})${REMEDIES.get(error.status) ?? ""}`;
}

/** Thrown for a response body above its limit. The connection is closed, and no part of the body is used. */
export class ResponseTooLargeError extends Error {}

/** Whether a request may succeed on a retry: the connection or the API server failed, or the API server is busy. */
export function isTransient(error: Error): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}

/** Formats an error as one line. Its innermost cause and the parts of an `AggregateError` have the details. */
export function formatCause(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return formatCause(error.cause);
  const message = error.message || (error instanceof AggregateError && error.errors.map(formatCause).join(", "));
  return (message || String(error)).replace(/\s+/g, " ");
}

/** Returns undefined for invalid JSON. The parser's message would quote the text, which may be a Secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
