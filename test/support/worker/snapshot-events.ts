import { waitFor } from "../wait-for.ts";
import type { WorkerHarness } from "./worker-harness.ts";

/** A line that the Worker logged about its snapshot. */
export interface SnapshotEvent {
  readonly event: string;
  readonly reason: string;
  readonly generation?: number;
  readonly ageSeconds?: number;
  readonly key?: string;
}

/** Resolves with the events from line `since` on, when there are `count`. */
export function waitForEvents(edge: WorkerHarness, since: number, count: number): Promise<SnapshotEvent[]> {
  return waitFor(() => {
    const events = listEvents(edge, since);
    return events.length >= count && events;
  });
}

function listEvents(edge: WorkerHarness, since: number, event?: string): SnapshotEvent[] {
  return edge.lines
    .slice(since)
    .map((line) => JSON.parse(line) as SnapshotEvent)
    .filter((line) => line.event !== undefined && (event === undefined || line.event === event));
}

/** Resolves with the first event of a name from line `since` on. */
export function waitForEvent(edge: WorkerHarness, event: string, since: number): Promise<SnapshotEvent> {
  return waitFor(() => listEvents(edge, since, event)[0]);
}
