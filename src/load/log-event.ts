import { errorMessage } from "../rules/error-message.ts";
import type { LogEvent } from "./log-events.ts";

// Kept across the requests of an isolate.
let rejectionReason: string | undefined;

/** The fields of an event's line. */
export interface EventDetails {
  /** The error that caused it. */
  readonly reason: unknown;
  /** Generation of the snapshot that the isolate serves from. */
  readonly generation?: number;
  /** Seconds since KV last returned it, or the copy. */
  readonly ageSeconds?: number;
  readonly key?: string;
}

/** Logs an event. Its reason is kept for the operator's status, if the isolate could not adopt the published snapshot. */
export function logEvent(event: LogEvent, details: EventDetails): void {
  const reason = errorMessage(details.reason);
  if (event === "snapshot-rejected" || event === "kv-unavailable") rejectionReason = reason;
  console.warn(JSON.stringify({ event, ...details, reason }));
}

/** Returns the seconds since a time in Unix ms. */
export function computeAge(time: number): number {
  return Math.max(0, Math.round((Date.now() - time) / 1000));
}

/** Returns why this isolate rejected the published snapshot, if it did. */
export function readRejection(): string | undefined {
  return rejectionReason;
}

/** Forgets the rejection, because the published snapshot is the active one. */
export function clearRejection(): void {
  rejectionReason = undefined;
}
