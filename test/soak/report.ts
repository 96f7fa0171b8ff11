import { mkdir, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ActionLog } from "./check/action-log.ts";
import type { Failure, Ledger, LoadRow } from "./check/ledger.ts";

/** The result of a run, as the file has it. */
export interface SoakReport {
  readonly date: string;
  readonly machine: string;
  readonly command: string;
  readonly seed: number;
  readonly minutes: number;
  readonly loads: readonly LoadRow[];
  readonly actions: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
  readonly failures: readonly (Failure & { readonly lastActions: readonly string[] })[];
}

const LOG_FILE = fileURLToPath(new URL("results/sync-jobs.log", import.meta.url));
const RESULT_FILE = fileURLToPath(new URL("results/soak.json", import.meta.url));
const MAX_EXPLAINED = 10;

/** Formats the line that a run prints every 10 s. */
export function formatProgress(seconds: number, ledger: Ledger, actions: Readonly<Record<string, number>>): string {
  const rows = ledger.rows();
  const sum = (field: "requests" | "ok" | "wrong" | "missing") => rows.reduce((total, row) => total + row[field], 0);
  const groups = Map.groupBy(Object.entries(actions), ([kind]) => kind.split(": ", 1)[0]);
  const happened = [...groups].map(([group, all]) => `${group} ${all.reduce((total, [, count]) => total + count, 0)}`);
  return `${seconds} s: requests ${sum("requests")} ok ${sum("ok")} wrong ${sum("wrong")} missing ${sum("missing")}; ${happened.join(", ")}`;
}

export function buildSoakReport(
  run: Pick<SoakReport, "seed" | "minutes" | "problems">,
  ledger: Ledger,
  log: ActionLog,
): SoakReport {
  const [processor] = cpus();
  return {
    date: new Date().toISOString(),
    machine: `${cpus().length} × ${processor?.model ?? "unknown processor"}, Node.js ${process.versions.node}`,
    command: `npm run soak -- --minutes ${run.minutes} --seed ${run.seed}`,
    ...run,
    loads: ledger.rows(),
    actions: log.counts(),
    failures: ledger.failures
      .slice(0, MAX_EXPLAINED)
      .map((failure) => ({ ...failure, lastActions: log.lastBefore(failure.at) })),
  };
}

/** Writes the log of the sync jobs, for an analysis. */
export async function writeJobLog(lines: readonly string[]): Promise<void> {
  await mkdir(dirname(LOG_FILE), { recursive: true });
  await writeFile(LOG_FILE, lines.map((line) => `${line}\n`).join(""));
}

/** Prints the tables and the first failures, writes the file, and returns the exit code. */
export async function finishSoak(report: SoakReport): Promise<number> {
  console.table(report.loads);
  console.table(Object.entries(report.actions).map(([action, count]) => ({ action, count })));
  for (const failure of report.failures) console.error(formatFailure(failure));
  for (const problem of report.problems) console.error(problem);
  await mkdir(dirname(RESULT_FILE), { recursive: true });
  await writeFile(RESULT_FILE, `${JSON.stringify(report, null, 2)}\n`);
  const failed = report.loads.reduce((sum, { wrong, missing }) => sum + wrong + missing, 0);
  const isGood = failed === 0 && report.problems.length === 0;
  console.log(isGood ? `passed: ${report.command}` : `failed: ${failed} answers. Repeat with: ${report.command}`);
  return isGood ? 0 : 1;
}

function formatFailure({ at, verdict, request, expected, got, lastActions }: SoakReport["failures"][number]): string {
  const lines = [
    `${verdict} at ${new Date(at).toISOString()}: ${request}`,
    `  expected: ${expected}`,
    `  got: ${got}`,
    ...lastActions.map((action) => `  after: ${action}`),
  ];
  return lines.join("\n");
}
