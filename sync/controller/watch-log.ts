import { describeProblem, isTransient } from "../kubernetes/errors.ts";
import type { Logger } from "../report/log.ts";

/** Log lines about failed watches: one per outage of the API server, and one per refusal. */
export interface WatchLog {
  /** A list or watch failed. */
  failed(resource: string, error: Error): void;
  /** A list or watch of a resource got an answer. */
  answered(resource: string): void;
}

/**
 * Creates the log of the watches. While the API server does not answer, every watch fails again and again. So only the
 * first failure of an outage is logged, and its end: when each resource that failed has an answer. A refusal (missing
 * permission, invalid credentials) is logged once per resource, until the resource has an answer.
 */
export function createWatchLog(log: Logger, now: () => number): WatchLog {
  const unanswered = new Set<string>(); // resources in the present outage
  const refusals = new Map<string, string>(); // by resource
  let outageStartedAt = 0;
  return {
    failed(resource, error) {
      if (isTransient(error)) {
        if (unanswered.size === 0) {
          outageStartedAt = now();
          log.warn(
            { resource },
            `no valid answer from the API server: ${describeProblem(error)}. The last known objects stay in use`,
          );
        }
        unanswered.add(resource);
        return;
      }
      if (refusals.get(resource) === error.message) return;
      refusals.set(resource, error.message);
      log.warn(
        { resource },
        `watch failed: ${resource}: ${describeProblem(error)}. The last known objects stay in use`,
      );
    },
    answered(resource) {
      refusals.delete(resource);
      if (!unanswered.delete(resource) || unanswered.size > 0) return;
      const seconds = Math.round((now() - outageStartedAt) / 1000);
      log.info({ seconds }, `the API server answers again after ${seconds} s`);
    },
  };
}
