import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { KubernetesClient } from "../kubernetes/client.ts";
import { systemClock } from "./clock.ts";
import { Elector } from "./elector.ts";
import type { ElectionOptions, Leadership } from "./leadership.ts";

export type { ElectionOptions, Leadership, LeadershipStatus } from "./leadership.ts";

/**
 * Joins an election by Lease until `release`, or until `signal` is aborted. Aborting does not release the Lease, so it must
 * expire first. At most one replica is leader at any time, unless a person edits or deletes the Lease.
 */
export function joinElection(api: KubernetesClient, options: ElectionOptions, signal: AbortSignal): Leadership {
  return new Elector(api, { clock: systemClock, random: Math.random, ...options }, signal);
}

/** Returns a unique identity that starts with a readable name, as in client-go. */
export function createIdentity(podName: string | undefined): string {
  return `${podName || hostname()}_${randomUUID()}`;
}

export type AcquireResult =
  | { readonly ok: true; readonly leadership: Leadership; readonly term: number }
  | { readonly ok: false; readonly problem: string };

/** Becomes leader within `timeoutMs`, or returns the current holder or the last problem. The caller must release it. */
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
  return { ok: false, problem: problems.at(-1) ?? `${lease}: no response from the API server within ${timeoutMs} ms` };
}
