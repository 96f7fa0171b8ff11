/** Where the sync job stands, for its probes. Every time is in milliseconds of one clock, which need not be a calendar's. */
export interface ControllerHealth {
  /** Told to end; the round in hand is its last. */
  readonly isStopping: boolean;
  /** Holds the Lease. Who stands by makes no rounds, and is ready once it could take over. */
  readonly isLeader: boolean;
  /** Every first list is in. */
  readonly hasFirstLists: boolean;
  /** When the round that is running began. */
  readonly syncStartedAt: number | undefined;
  /** When the next round is to begin at the latest; undefined: none is due, as for who stands by. */
  readonly syncDueAt: number | undefined;
  /** When a round last succeeded since this replica leads. */
  readonly lastSuccessAt: number | undefined;
}

export interface HealthThresholds {
  /** A round that runs longer, or is overdue for longer, is wedged. */
  readonly maxSyncMs: number;
  /** After so long without a success, what is live is no longer what the cluster says. */
  readonly readinessTimeoutMs: number;
}

/** A probe's answer; `why` is one line. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly reason: string;
}

/** Whether the loop still turns: what a restart may heal, so neither an outage nor a failed round counts. */
export function checkHealth(
  { syncStartedAt, syncDueAt }: ControllerHealth,
  { maxSyncMs }: HealthThresholds,
  now: number,
): ProbeResult {
  if (syncStartedAt !== undefined && now - syncStartedAt > maxSyncMs)
    return fail(
      `a round has been running for ${formatSeconds(now - syncStartedAt)}, more than ${formatSeconds(maxSyncMs)}`,
    );
  if (syncStartedAt === undefined && syncDueAt !== undefined && now - syncDueAt > maxSyncMs)
    return fail(`a round has been due for ${formatSeconds(now - syncDueAt)}, and none has begun`);
  return pass("the loop turns");
}

/** Whether the edge is kept in step with the cluster, or, of who stands by, whether it could be at once. */
export function checkReadiness(
  health: ControllerHealth,
  { readinessTimeoutMs }: HealthThresholds,
  now: number,
): ProbeResult {
  const { isStopping, isLeader, hasFirstLists, lastSuccessAt } = health;
  if (isStopping) return fail("stopping");
  if (!hasFirstLists) return fail("the first lists from the API server are not all in");
  if (!isLeader) return pass("standby");
  if (lastSuccessAt === undefined) return fail("no round has succeeded yet");
  const age = now - lastSuccessAt;
  if (age > readinessTimeoutMs)
    return fail(
      `the last round that succeeded was ${formatSeconds(age)} ago, more than ${formatSeconds(readinessTimeoutMs)}`,
    );
  return pass(`the last round that succeeded was ${formatSeconds(age)} ago`);
}

function pass(reason: string): ProbeResult {
  return { ok: true, reason };
}

function fail(reason: string): ProbeResult {
  return { ok: false, reason };
}

function formatSeconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
