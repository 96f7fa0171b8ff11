import type { Clock } from "./clock.ts";

export interface ElectionOptions {
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Identity of this replica. It must be unique. */
  readonly identity: string;
  /** Called with one line per problem. It is called again only after the problem changes. */
  readonly log: (line: string) => void;
  readonly clock?: Clock;
  /** Returns a number from 0 up to 1. It spreads the requests of several replicas. */
  readonly random?: () => number;
}

/** The state of a replica. Between two terms, other replicas may have written. */
export type LeadershipStatus =
  | { readonly type: "leader"; readonly term: number }
  | { readonly type: "standby"; readonly holder: string | undefined };

/** The generation that a leader was about to publish, as an annotation of the Lease has it. */
export interface Reservation {
  readonly kvNamespaceId: string;
  readonly generation: number;
  readonly term: number;
}

/** The generations that leaders reserve, because reads of Workers KV may be older than the last publication. */
export interface GenerationReservations {
  /** Reads the last reservation for a KV namespace, by any leader. */
  read(kvNamespaceId: string): Promise<Reservation | undefined>;
  /** Must be called before a generation is written. Rejects with a `NotLeaderError` if the Lease has another holder or term. */
  reserve(reservation: Reservation): Promise<void>;
}

/** A replica's part in an election. */
export interface Leadership {
  readonly identity: string;
  readonly reservations: GenerationReservations;
  /** Whether this replica is the leader now: its last successful renewal was sent within the renew deadline. */
  isLeader(): boolean;
  /**
   * Must be called before each write. Throws a `NotLeaderError` unless this replica is the leader.
   * With `term`, it also throws if leadership was lost and won again since that term.
   */
  check(term?: number): void;
  status(): LeadershipStatus;
  /** Yields the status now and after each change, until the election ends. A slow reader misses intermediate values. */
  statusChanges(): AsyncGenerator<LeadershipStatus, void>;
  /** Leaves the election and releases the Lease, so that a standby can acquire it at once. It never rejects. */
  release(): Promise<void>;
}
