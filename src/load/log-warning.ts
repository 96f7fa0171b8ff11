import { errorMessage } from "../rules/error-message.ts";
import type { LogEvent } from "./log-events.ts";

// Kept across the requests of an isolate.
let rejectionReason: string | undefined;

/** Logs an event. The reason of a rejected snapshot is kept for the operator's status. */
export function logWarning(event: LogEvent, error: unknown): void {
  const reason = errorMessage(error);
  if (event === "snapshot-rejected") rejectionReason = reason;
  console.warn(JSON.stringify({ event, reason }));
}

/** Returns why this isolate rejected the published snapshot, if it did. */
export function readRejection(): string | undefined {
  return rejectionReason;
}

/** Forgets the rejection, because the published snapshot is the active one. */
export function clearRejection(): void {
  rejectionReason = undefined;
}
