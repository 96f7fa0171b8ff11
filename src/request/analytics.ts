import type { AnalyticsDataset } from "../env.ts";
import type { EdgeResponse } from "./response.ts";

/** Bytes of an index. Workers Analytics Engine rejects more. */
const MAX_INDEX_BYTES = 96;
/** The index of a request for a host that is not published, because clients can send any host. */
const UNMATCHED_HOST = "unmatched";

/** The rules that served a request. */
export interface ServedBy {
  /** The host of the rules: a name, `*.example.com` or `*`. */
  readonly matchedHost: string | undefined;
  readonly generation: number | undefined;
  /** Whether the client belongs to the share of a candidate. */
  readonly isCandidate: boolean;
}

/** Writes a data point about a request. It never throws, because a request must not depend on statistics. */
export function writeDataPoint(
  dataset: AnalyticsDataset | undefined,
  { response, outcome, route = "" }: EdgeResponse,
  { matchedHost = UNMATCHED_HOST, generation, isCandidate }: ServedBy,
  durationMs: number,
): void {
  try {
    dataset?.writeDataPoint({
      indexes: [matchedHost.slice(0, MAX_INDEX_BYTES)],
      blobs: [
        route,
        generation === undefined ? "" : String(generation),
        isCandidate ? "candidate" : "active",
        outcome,
        `${Math.floor(response.status / 100)}xx`,
      ],
      doubles: [1, durationMs],
    });
  } catch {
    // The dataset accepts 250 data points an invocation, and this is the only one.
  }
}
