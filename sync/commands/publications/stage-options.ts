import { type Command, Option } from "commander";
import type { Rollouts } from "../../publish/rollout/publish-in-stages.ts";
import { loadAnalytics } from "../account-from-env.ts";
import type { Environment } from "../help/environment-variables.ts";
import { parseCount, parseDuration, parseShares } from "../option-parsers.ts";

/** Options of staged roll-outs. */
export interface RolloutOptions {
  /** Shares of clients, in percent. Without them, changes are published to every client at once. */
  readonly stage?: readonly number[] | undefined;
  readonly stageInterval: number; // seconds
  readonly stageMaxWait: number; // seconds
  readonly stageMinRequests: number;
  readonly stageDataset: string;
}

/** Adds the options of staged roll-outs. */
export function addStageOptions(command: Command): Command {
  return command
    .option("--stage <shares>", "publish changes to shares of clients first: 1%,10%,50%", parseShares)
    .addOption(createDurationOption("--stage-interval <duration>", "minimum duration of a stage", "5m"))
    .addOption(createDurationOption("--stage-max-wait <duration>", "abort a stage without enough requests after", "1h"))
    .option("--stage-min-requests <number>", "requests that each side needs for a comparison", parseCount, 100)
    .option("--stage-dataset <name>", "Analytics Engine dataset of the Worker's binding ANALYTICS", "edgress");
}

function createDurationOption(flags: string, description: string, value: string): Option {
  return new Option(flags, description).argParser(parseDuration).default(parseDuration(value), value);
}

/** Returns the settings and the client of staged roll-outs, if `--stage` is set. */
export function loadRollouts(options: RolloutOptions, environment: Environment): Rollouts | undefined {
  if (!options.stage) return undefined;
  return {
    settings: {
      stages: options.stage,
      intervalMs: options.stageInterval * 1000,
      maxWaitMs: options.stageMaxWait * 1000,
      minRequests: options.stageMinRequests,
    },
    analytics: loadAnalytics(environment, options.stageDataset),
  };
}
