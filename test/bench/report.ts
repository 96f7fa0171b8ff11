import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";

/** A cell of a table. */
export type Cell = string | number | undefined;

export interface BenchTable {
  readonly title: string;
  readonly rows: readonly Readonly<Record<string, Cell>>[];
}

/** A limit that a benchmark checks. */
export interface BenchBar {
  readonly name: string;
  readonly limit: number; // the largest value that passes
  readonly measured: number;
  readonly unit: string;
  readonly ok: boolean;
}

/** The result of one benchmark, as written to test/bench/results. */
export interface BenchReport {
  readonly name: string;
  readonly date: string;
  readonly machine: string;
  readonly command: string;
  readonly tables: readonly BenchTable[];
  readonly bars: readonly BenchBar[];
}

export interface BenchFlags {
  readonly quick: boolean; // small sizes and few rounds: it shows that the benchmark works, not a figure
  readonly json: string | undefined; // file for the report
}

/** Reads the flags that every benchmark has. Ignores other flags. */
export function readBenchFlags(args: readonly string[] = process.argv.slice(2)): BenchFlags {
  const { values } = parseArgs({
    args: [...args],
    strict: false,
    options: { quick: { type: "boolean", default: false }, json: { type: "string" } },
  });
  return { quick: values.quick === true, json: typeof values.json === "string" ? values.json : undefined };
}

/** Returns a report of this process: date, machine and command are filled in. */
export function createReport(name: string, tables: readonly BenchTable[], bars: readonly BenchBar[]): BenchReport {
  return {
    name,
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    command: commandOf(name),
    tables,
    bars,
  };
}

/** Returns a bar. A value that is not a number misses it. */
export function checkBar(name: string, measured: number, limit: number, unit: string): BenchBar {
  return { name, limit, measured, unit, ok: measured <= limit };
}

/** Returns a bar of CPU time in ms, whose limit is that of the reference machine: see lab/machine-speed.ts. */
export function checkTimeBar(name: string, cpuMs: number, limit: number, slowness: number): BenchBar {
  return checkBar(name, cpuMs / slowness, limit, "ms CPU of the reference machine");
}

/** Returns the table of the machine's speed. */
export function describeSpeed(slowness: number): BenchTable {
  const rows = [{ "time of this machine, of the reference machine's": round(slowness) }];
  return { title: "Speed of this machine", rows };
}

/** Prints the report, writes it to the file of `--json`, and sets exit code 1 if a bar is missed. */
export function finishBench(report: BenchReport, { json }: Pick<BenchFlags, "json"> = readBenchFlags()): void {
  for (const { title, rows } of report.tables) {
    console.log(`\n${title}`);
    console.table(rows);
  }
  if (report.bars.length > 0) {
    console.log("\nBars");
    console.table(report.bars.map((bar) => ({ ...bar, measured: round(bar.measured) })));
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  const missed = report.bars.filter(({ ok }) => !ok);
  for (const bar of missed) console.error(`missed bar: ${report.name}: ${formatBar(bar)}`);
  if (missed.length > 0) process.exitCode = 1;
}

/** Returns "edge, 10 hosts: 1.2 ×, limit 1.15 ×". */
export function formatBar({ name, measured, limit, unit }: BenchBar): string {
  return `${name}: ${round(measured)} ${unit}, limit ${limit} ${unit}`;
}

/** Returns the value with three significant digits, or whole if it is larger. */
export function round(value: number): number {
  return Math.abs(value) >= 1000 ? Math.round(value) : Number(value.toPrecision(3));
}

function commandOf(name: string): string {
  const flags = process.argv.includes("--quick") ? " --quick" : "";
  return `npm run bench -- --only ${name}${flags}`;
}

function describeMachine(): string {
  const model = cpus()[0]?.model.trim().replace(/ +/g, " ") ?? "unknown CPU";
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${availableParallelism()} virtual cores (${model}), ${memory} GiB, Node.js ${process.versions.node}`;
}
