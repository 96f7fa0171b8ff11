import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { type Clock, systemClock } from "./clock.ts";
import { Elector } from "./elector.ts";

export interface ElectionOptions {
  readonly namespace: string;
  /** The Lease's. */
  readonly name: string;
  /** Ours, which no other process has. */
  readonly identity: string;
  /** Told what goes wrong, a line each, and not again while it stays the same. */
  readonly log: (line: string) => void;
  readonly clock?: Clock;
  /** From 0 up to 1: spreads what several would do at once. */
  readonly random?: () => number;
}

/** Where one stands. A new term is another leadership: others may have written since the one before. */
export type LeadershipStatus =
  | { readonly type: "leader"; readonly term: number }
  | { readonly type: "standby"; readonly holder: string | undefined };

/** The leadership, or the wait for it. */
export interface Leadership {
  readonly identity: string;
  /** Whether we lead, at this instant: the last renewal that succeeded was sent less than the renew deadline ago. */
  isLeader(): boolean;
  /**
   * The fence, asked before each write. Throws a NotLeading unless we lead; with the `term` in which a round began, also
   * where that leadership was lost and won again since.
   */
  check(term?: number): void;
  status(): LeadershipStatus;
  /** Where we stand, now and whenever that changes, until the end. What passed while nobody asked is left out. */
  statusChanges(): AsyncGenerator<LeadershipStatus, void>;
  /** Ends it and, if the lease is ours, gives it back, so that another takes it at once. It never rejects. */
  release(): Promise<void>;
}

/**
 * Stands for leader by a Lease, until `release` or until `ended`, which gives nothing back: others then wait for the lease's
 * time to pass. Of all who do so at most one `holds()` at any instant, as long as nobody edits or deletes the Lease by hand.
 */
export function joinElection(api: KubernetesClient, options: ElectionOptions, signal: AbortSignal): Leadership {
  return new Elector(api, { clock: systemClock, random: Math.random, ...options }, signal);
}

/** An identity as client-go makes them: who it is, for people, and what no other process has. */
export function createIdentity(podName: string | undefined): string {
  return `${podName || hostname()}_${randomUUID()}`;
}

export type AcquireResult =
  | { readonly ok: true; readonly leadership: Leadership; readonly term: number }
  | { readonly ok: false; readonly problem: string };

/** Leads within `limitMs`, or says who does or what is in the way. The leadership is the caller's to release. */
export async function acquireLeadership(
  api: KubernetesClient,
  options: ElectionOptions,
  timeoutMs: number,
): Promise<AcquireResult> {
  const { clock = systemClock, namespace, name } = options;
  const problems: string[] = [];
  const log = (line: string) => {
    problems.push(line);
    options.log(line);
  };
  const [electionController, timeoutController] = [new AbortController(), new AbortController()];
  const leadership = joinElection(api, { ...options, log }, electionController.signal);
  void clock
    .sleep(timeoutMs, timeoutController.signal)
    .then(() => timeoutController.signal.aborted || electionController.abort());
  for await (const status of leadership.statusChanges()) {
    if (status.type === "standby") continue;
    timeoutController.abort();
    return { ok: true, leadership, term: status.term };
  }
  const status = leadership.status();
  await leadership.release();
  const holder = status.type === "standby" ? status.holder : undefined;
  const lease = `Lease ${namespace}/${name}`;
  if (holder) return { ok: false, problem: `${lease}: held by ${holder}` };
  return { ok: false, problem: problems.at(-1) ?? `${lease}: no answer from the API server within ${timeoutMs} ms` };
}
