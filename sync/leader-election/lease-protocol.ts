import * as z from "zod";

// The defaults of client-go. A write that was sent before the renew deadline has 5 s before the Lease expires.
/** Interval between renewals, and delay after a failure. */
export const RETRY_MS = 2_000;
/** A leader without a successful renewal for this time is no longer leader. */
export const RENEW_DEADLINE_MS = 10_000;
/** A standby without a sign of renewal for this time acquires the Lease. */
export const LEASE_DURATION_MS = 15_000;

const MS_PER_SECOND = 1_000;

// Loose: a write replaces the whole Lease, so labels, owners and other fields must be kept.
export const Lease = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string(), annotations: z.nullish(z.record(z.string(), z.string())) }),
  spec: z.optional(
    z.looseObject({
      holderIdentity: z.nullish(z.string()),
      leaseDurationSeconds: z.nullish(z.number()),
      renewTime: z.nullish(z.string()),
      leaseTransitions: z.nullish(z.number()),
    }),
  ),
});
export type Lease = z.infer<typeof Lease>;

/** A list of the one Lease. Its version is the start of a watch. */
export const LeaseList = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(Lease).max(1),
});

/** The observed state of the Lease. Times are milliseconds of the local monotonic clock. */
export interface ObservedLease {
  /** Undefined if the Lease does not exist. */
  readonly lease: Lease | undefined;
  /** When the holder, if any, has lost the Lease. */
  readonly expiresAt: number;
  /** The highest term seen: after a deletion, terms must not restart at zero. */
  readonly term: number | undefined;
}

export type Decision =
  | { readonly type: "renew"; readonly lease: Lease }
  | { readonly type: "acquire"; readonly lease: Lease }
  | { readonly type: "create"; readonly term: number }
  | { readonly type: "standby"; readonly until: number };

/**
 * Returns the state after `lease` was observed at `now`. The holder's time runs from the last observed change, because the
 * times in the Lease come from another clock. After a deletion the holder keeps its time: it may not know of it yet.
 */
export function observeLease(
  previousObservation: ObservedLease | undefined,
  lease: Lease | undefined,
  now: number,
): ObservedLease {
  const isUnchanged =
    previousObservation && previousObservation.lease?.metadata.resourceVersion === lease?.metadata.resourceVersion;
  if (isUnchanged) return previousObservation;
  const lastLease = lease ?? previousObservation?.lease;
  const isHeld = holderOf(lastLease) !== undefined;
  const terms = [previousObservation?.term, lease && termOf(lease)].filter((term) => term !== undefined);
  return {
    lease,
    expiresAt: isHeld ? now + readDurationMs(lastLease) : now,
    term: terms.length > 0 ? Math.max(...terms) : undefined,
  };
}

/**
 * Decides the next step of `identity`. If the Lease still names `identity` but its leadership has expired, it acquires the
 * Lease at once in a new term: no other replica can have been leader in between.
 */
export function decide(observed: ObservedLease, identity: string, isLeader: boolean, now: number): Decision {
  const { lease, expiresAt, term } = observed;
  const isOurs = lease ? holderOf(lease) === identity : isLeader;
  if (!isOurs && now < expiresAt) return { type: "standby", until: expiresAt };
  if (!lease) return { type: "create", term: term === undefined ? 0 : term + 1 };
  return { type: isOurs && isLeader ? "renew" : "acquire", lease };
}

/** The holder of a Lease. An empty name means that the holder released it. */
export function holderOf(lease: Lease | undefined): string | undefined {
  return lease?.spec?.holderIdentity || undefined;
}

/** The term of a Lease: the number of its holder changes. */
export function termOf(lease: Lease): number {
  return lease.spec?.leaseTransitions ?? 0;
}

/** Returns a new Lease, held by `holder`. */
export function buildLease(namespace: string, name: string, holder: string, term: number, today: Date) {
  const kind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
  return {
    ...kind,
    metadata: { namespace, name },
    spec: buildSpec(holder, LEASE_DURATION_MS, term, formatMicroTime(today)),
  };
}

/** Returns the Lease in a new term, held by `holder`. */
export function buildAcquiredLease(lease: Lease, holder: string, today: Date): Lease {
  return withSpec(lease, buildSpec(holder, LEASE_DURATION_MS, termOf(lease) + 1, formatMicroTime(today)));
}

/**
 * Returns the renewed Lease. Its renew time always increases, even if the time of day does not. The API server does not
 * store an unchanged object, so standbys would not see the renewal.
 */
export function buildRenewedLease(lease: Lease, today: Date): Lease {
  const previousRenewMs = Date.parse(lease.spec?.renewTime ?? "") || 0; // missing or invalid
  return withSpec(lease, { renewTime: formatMicroTime(new Date(Math.max(today.getTime(), previousRenewMs + 1))) });
}

/** Returns the Lease without a holder, as in client-go: any replica may acquire it at once. */
export function buildReleasedLease(lease: Lease, today: Date): Lease {
  return withSpec(lease, buildSpec("", MS_PER_SECOND, termOf(lease), formatMicroTime(today)));
}

function buildSpec(holderIdentity: string, durationMs: number, leaseTransitions: number, time: string) {
  const leaseDurationSeconds = durationMs / MS_PER_SECOND;
  return { holderIdentity, leaseDurationSeconds, acquireTime: time, renewTime: time, leaseTransitions };
}

function withSpec(lease: Lease, spec: NonNullable<Lease["spec"]>): Lease {
  return { ...lease, spec: { ...lease.spec, ...spec } };
}

/** At least `LEASE_DURATION_MS`, even if a person set less, because leaders rely on that time. */
function readDurationMs(lease: Lease | undefined): number {
  return Math.max((lease?.spec?.leaseDurationSeconds ?? 0) * MS_PER_SECOND, LEASE_DURATION_MS);
}

/** Formats a MicroTime of the Kubernetes API: RFC 3339 with microseconds. */
function formatMicroTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
