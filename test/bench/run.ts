import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { type BenchEntry, listEntries, RESULTS_FOLDER, reportFile } from "./entries.ts";
import { type BenchReport, formatBar } from "./report.ts";

// Runs every benchmark in a process of its own, one after the other: npm run bench [-- --quick] [-- --only NAME,NAME].
// It fails if a benchmark fails or misses a bar.

const { values: flags } = parseArgs({
  options: { quick: { type: "boolean", default: false }, only: { type: "string" } },
});

mkdirSync(RESULTS_FOLDER, { recursive: true });
const results = selectEntries(flags.only?.split(",")).map(runEntry);
console.log();
console.table(results.map(({ name, seconds, status, missed }) => ({ name, seconds, status, missed: missed.length })));
for (const { name, missed } of results) for (const bar of missed) console.error(`missed bar: ${name}: ${bar}`);
if (results.some(({ status }) => status !== "ok")) process.exitCode = 1;

function selectEntries(names: readonly string[] | undefined): BenchEntry[] {
  const entries = listEntries();
  if (names === undefined) return entries;
  const known = entries.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`unknown benchmark: ${unknown.join(", ")}. Use ${known.join(", ")}.`);
  return entries.filter(({ name }) => names.includes(name));
}

function runEntry({ name, file, quickArguments, writesReport }: BenchEntry) {
  rmSync(reportFile(name), { force: true });
  console.log(`\n== ${name} ==`);
  const startedAt = performance.now();
  const report = writesReport ? ["--json", reportFile(name)] : [];
  const args = ["--expose-gc", file, ...report, ...(flags.quick ? quickArguments : [])];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return { name, seconds, status: status === 0 ? "ok" : `exit code ${status}`, missed: readMissedBars(name) };
}

function readMissedBars(name: string): string[] {
  if (!existsSync(reportFile(name))) return [];
  const { bars } = JSON.parse(readFileSync(reportFile(name), "utf8")) as BenchReport;
  return bars.filter(({ ok }) => !ok).map(formatBar);
}
