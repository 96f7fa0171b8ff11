import type { CachedObject } from "../collect/watched-collection.ts";
import type { EventMessage } from "./event-messages.ts";
import { type EventHistory, reportEvents } from "./events.ts";
import type { WriterOptions } from "./parallel-writer.ts";
import { toObjectReference } from "./report.ts";

/**
 * Writes an Event for each Ingress and HTTPRoute that waits for a successful sync. An object gets one Event for each cause,
 * not for each retry. It never rejects. The other messages of the history stay valid.
 */
export async function reportWaitingIngresses(
  waitingIngresses: readonly CachedObject[],
  cause: string,
  history: EventHistory,
  { instance, now }: { readonly instance: string; readonly now: Date },
  options: WriterOptions,
): Promise<EventHistory> {
  const message = `not published yet, because syncs fail: ${cause}; the edge serves the last published rules, and the controller retries`;
  const waitingMessages = waitingIngresses.map((ingress): EventMessage => {
    return { involvedObject: toObjectReference(ingress), severity: "warning", reason: "SyncFailed", message };
  });
  const otherMessages = history.messages.filter(({ reason }) => reason !== "SyncFailed");
  const events = await reportEvents(history, [...otherMessages, ...waitingMessages], now, instance, options);
  return events.history;
}
