import * as z from "zod";

// client-go's timings. What the last two leave between them is what a write may still take that was begun in time.
/** How often the leader renews, and how long whatever failed rests. */
export const RETRY_MS = 2_000;
/** How long a leader without a renewal still is one. */
export const RENEW_DEADLINE_MS = 10_000;
/** How long others wait for a renewal before they take over. */
export const LEASE_DURATION_MS = 15_000;

const MS_PER_SECOND = 1_000; // in a second

// Loose, and the rest is kept: a Lease is replaced whole, with labels, owners and whatever else others put there.
export const Lease = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string() }),
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

/** What a list of the one Lease says: whether it is there, and from where a watch goes on. */
export const LeaseList = z.object({
  metadata: z.object({ resourceVersion: z.string() }),
  items: z.array(Lease).max(1),
});

/** What is known of the Lease. Times are milliseconds of our own monotonic clock. */
export interface ObservedLease {
  /** Undefined where there is none. */
  readonly lease: Lease | undefined;
  /** When whoever holds it, if anyone, has lost it. */
  readonly expiresAt: number;
  /** The highest seen so far: a Lease that was deleted must not begin at zero again. */
  readonly term: number | undefined;
}

export type Decision =
  | { readonly type: "renew"; readonly lease: Lease }
  | { readonly type: "acquire"; readonly lease: Lease }
  | { readonly type: "create"; readonly term: number }
  | { readonly type: "standby"; readonly until: number };

/**
 * What is known once `lease` was seen at `now`. A holder's time counts from when we saw its record change; what the record
 * says of times is by another's clock. One that is gone was perhaps deleted under a leader, who learns of it later than we.
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
 * What `me` should do now; `holds` says whether it is the leader. A record of our own that we do not hold any more may be
 * taken anew at once, in a new term: had another held it since, it would not be ours.
 */
export function decide(observed: ObservedLease, identity: string, isLeader: boolean, now: number): Decision {
  const { lease, expiresAt, term } = observed;
  const isOurs = lease ? holderOf(lease) === identity : isLeader;
  if (!isOurs && now < expiresAt) return { type: "standby", until: expiresAt };
  if (!lease) return { type: "create", term: term === undefined ? 0 : term + 1 };
  return { type: isOurs && isLeader ? "renew" : "acquire", lease };
}

/** Who holds a Lease. Nobody does where the name is empty: so its holder gave it back. */
export function holderOf(lease: Lease | undefined): string | undefined {
  return lease?.spec?.holderIdentity || undefined;
}

/** How often a Lease changed hands. */
export function termOf(lease: Lease): number {
  return lease.spec?.leaseTransitions ?? 0;
}

/** A Lease to create, held by `me`. */
export function buildLease(namespace: string, name: string, holder: string, term: number, today: Date) {
  const kind = { apiVersion: "coordination.k8s.io/v1", kind: "Lease" };
  return {
    ...kind,
    metadata: { namespace, name },
    spec: buildSpec(holder, LEASE_DURATION_MS, term, formatMicroTime(today)),
  };
}

/** The Lease in a new term, held by `me`. */
export function buildAcquiredLease(lease: Lease, holder: string, today: Date): Lease {
  return withSpec(lease, buildSpec(holder, LEASE_DURATION_MS, termOf(lease) + 1, formatMicroTime(today)));
}

/**
 * The Lease, renewed. It always differs from what was, even where the time of day stands still or goes back: the API server
 * does not store what is the same, and nobody would see it.
 */
export function buildRenewedLease(lease: Lease, today: Date): Lease {
  const previousRenewMs = Date.parse(lease.spec?.renewTime ?? "") || 0; // nothing, or nothing readable
  return withSpec(lease, { renewTime: formatMicroTime(new Date(Math.max(today.getTime(), previousRenewMs + 1))) });
}

/** The Lease, given back as client-go does: anybody may take it at once. */
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

/** Never shorter than ours, whatever a hand wrote there: a leader of our kind trusts itself for that long. */
function readDurationMs(lease: Lease | undefined): number {
  return Math.max((lease?.spec?.leaseDurationSeconds ?? 0) * MS_PER_SECOND, LEASE_DURATION_MS);
}

/** RFC 3339 with microseconds, as the API server wants a MicroTime. */
function formatMicroTime(date: Date): string {
  return date.toISOString().replace("Z", "000Z");
}
