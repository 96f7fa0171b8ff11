import type { ActionLog } from "../check/action-log.ts";
import type { Checker } from "../check/checker.ts";
import type { Lock } from "../lock.ts";
import type { Random } from "../random.ts";
import type { SoakWorld } from "../world/world.ts";
import type { Cluster } from "./cluster.ts";

/** What an action needs. */
export interface ActionContext {
  readonly world: SoakWorld;
  readonly cluster: Cluster;
  readonly checker: Checker;
  readonly log: ActionLog;
  readonly random: Random;
  readonly locks: {
    /** Commands of an operator, who has no Lease, and faults of the API that such a command does not allow for. */
    readonly operator: Lock;
    /** Changes of the cluster. */
    readonly changes: Lock;
  };
  /** Problems that are no answers. Each fails the run. */
  readonly problems: string[];
  /** Length of the run in ms. */
  readonly runMs: number;
  readonly signal: AbortSignal;
}

/** Repeats a kind of action until the signal is aborted. */
export type Action = (context: ActionContext) => Promise<void>;
