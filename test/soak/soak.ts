import { parseArgs } from "node:util";
import { finishSoak } from "./report.ts";
import { runSoak } from "./run-soak.ts";

// Sends continuous load through publications and faults, and exits with 1 if one answer is wrong or missing.

const MAX_SEED = 2 ** 31;

const { values: flags } = parseArgs({
  options: {
    minutes: { type: "string", default: "1" },
    seed: { type: "string" },
  },
});
const minutes = Number(flags.minutes);
const seed = flags.seed === undefined ? Math.floor(Math.random() * MAX_SEED) : Number(flags.seed);
if (!(minutes > 0)) throw new Error(`invalid --minutes: ${flags.minutes}. Set a number above 0`);
if (!Number.isInteger(seed)) throw new Error(`invalid --seed: ${flags.seed}. Set an integer`);

console.log(`soak of ${minutes} minutes with --seed ${seed}`);
process.exitCode = await finishSoak(await runSoak(minutes, seed));
