import type { ActionLog } from "../check/action-log.ts";
import type { Checker } from "../check/checker.ts";
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
  /** Length of the run in ms. */
  readonly runMs: number;
  readonly signal: AbortSignal;
}

/** Repeats a kind of action until the signal is aborted. */
export type Action = (context: ActionContext) => Promise<void>;
