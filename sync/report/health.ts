/** Where the sync job stands, for its probes. Every time is in milliseconds of one clock, which need not be a calendar's. */
export interface Standing {
  /** Told to end; the round in hand is its last. */
  readonly stopping: boolean;
  /** Holds the Lease. Who stands by makes no rounds, and is ready once it could take over. */
  readonly leading: boolean;
  /** Every first list is in. */
  readonly collected: boolean;
  /** When the round that is running began. */
  readonly roundSince: number | undefined;
  /** When the next round is to begin at the latest; undefined: none is due, as for who stands by. */
  readonly roundDue: number | undefined;
  /** When a round last succeeded since this replica leads. */
  readonly lastSuccess: number | undefined;
}

export interface Limits {
  /** A round that runs longer, or is overdue for longer, is wedged. */
  readonly longestRoundMs: number;
  /** After so long without a success, what is live is no longer what the cluster says. */
  readonly staleAfterMs: number;
}

/** A probe's answer; `why` is one line. */
export interface Probed {
  readonly ok: boolean;
  readonly why: string;
}

/** Whether the loop still turns: what a restart may heal, so neither an outage nor a failed round counts. */
export function healthOf({ roundSince, roundDue }: Standing, { longestRoundMs }: Limits, now: number): Probed {
  if (roundSince !== undefined && now - roundSince > longestRoundMs)
    return no(`a round has been running for ${secondsOf(now - roundSince)}, more than ${secondsOf(longestRoundMs)}`);
  if (roundSince === undefined && roundDue !== undefined && now - roundDue > longestRoundMs)
    return no(`a round has been due for ${secondsOf(now - roundDue)}, and none has begun`);
  return yes("the loop turns");
}

/** Whether the edge is kept in step with the cluster, or, of who stands by, whether it could be at once. */
export function readinessOf(standing: Standing, { staleAfterMs }: Limits, now: number): Probed {
  const { stopping, leading, collected, lastSuccess } = standing;
  if (stopping) return no("stopping");
  if (!collected) return no("the first lists from the API server are not all in");
  if (!leading) return yes("standing by");
  if (lastSuccess === undefined) return no("no round has succeeded yet");
  const age = now - lastSuccess;
  if (age > staleAfterMs)
    return no(`the last round that succeeded was ${secondsOf(age)} ago, more than ${secondsOf(staleAfterMs)}`);
  return yes(`the last round that succeeded was ${secondsOf(age)} ago`);
}

function yes(why: string): Probed {
  return { ok: true, why };
}

function no(why: string): Probed {
  return { ok: false, why };
}

function secondsOf(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
