/** State of the controller, for its probes. All times are milliseconds of the same monotonic clock. */
export interface ControllerHealth {
  /** Whether the controller is shutting down. */
  readonly isStopping: boolean;
  /** Whether this replica has the Lease. A standby runs no syncs, and is ready if it can become leader. */
  readonly isLeader: boolean;
  /** Whether the initial lists of all resources are complete. */
  readonly hasFirstLists: boolean;
  /** Start of the running sync. */
  readonly syncStartedAt: number | undefined;
  /** Latest start of the next sync. Undefined if no sync is due, as on a standby. */
  readonly syncDueAt: number | undefined;
  /** Time of the last successful sync since this replica became leader. */
  readonly lastSuccessAt: number | undefined;
  /** Problem of the last setup or sync, if it failed. */
  readonly lastProblem: string | undefined;
}

export interface HealthThresholds {
  /** Maximum duration or delay of a sync. A sync over it is treated as stuck. */
  readonly maxSyncMs: number;
  /** Time without a successful sync after which the controller is not ready. */
  readonly readinessTimeoutMs: number;
}

/** Result of a probe. The reason is one line. */
export interface ProbeResult {
  readonly ok: boolean;
  readonly reason: string;
}

/** Checks that the sync loop is not stuck. A failed sync or an outage does not fail it, because a restart does not help. */
export function checkHealth(
  { syncStartedAt, syncDueAt }: ControllerHealth,
  { maxSyncMs }: HealthThresholds,
  now: number,
): ProbeResult {
  if (syncStartedAt !== undefined && now - syncStartedAt > maxSyncMs)
    return fail(
      `a sync has been running for ${formatSeconds(now - syncStartedAt)}, more than ${formatSeconds(maxSyncMs)}`,
    );
  if (syncStartedAt === undefined && syncDueAt !== undefined && now - syncDueAt > maxSyncMs)
    return fail(`the next sync is overdue by ${formatSeconds(now - syncDueAt)}`);
  return pass("the sync loop is running");
}

/** Checks that the leader syncs successfully, or that a standby can become leader immediately. */
export function checkReadiness(
  health: ControllerHealth,
  { readinessTimeoutMs }: HealthThresholds,
  now: number,
): ProbeResult {
  const { isStopping, isLeader, hasFirstLists, lastSuccessAt, lastProblem } = health;
  const cause = lastProblem === undefined ? "" : `: ${lastProblem}`;
  if (isStopping) return fail("stopping");
  if (!hasFirstLists) return fail(`the initial lists from the API server are not complete${cause}`);
  if (!isLeader) return pass("standby");
  if (lastSuccessAt === undefined) return fail(`no sync has succeeded yet${cause}`);
  const age = now - lastSuccessAt;
  if (age > readinessTimeoutMs)
    return fail(
      `the last successful sync was ${formatSeconds(age)} ago, more than ${formatSeconds(readinessTimeoutMs)}${cause}`,
    );
  return pass(`the last successful sync was ${formatSeconds(age)} ago`);
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
