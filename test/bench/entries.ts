import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Folder of the reports, not in git. */
export const RESULTS_FOLDER = `${FOLDER}results`;

/** A benchmark that the runner starts. */
export interface BenchEntry {
  readonly name: string;
  readonly file: string;
  readonly quickArguments: readonly string[]; // of the short form
  readonly writesReport: boolean;
}

const SMALL_CLUSTER = ["--ingresses", "200", "--services", "100", "--rounds", "2"];
/** Benchmarks beside that of their folder. "sync" prints its figures and writes no report. */
const OTHER_ENTRIES: readonly BenchEntry[] = [
  { name: "controller-memory", file: `${FOLDER}controller/memory.ts`, quickArguments: ["--quick"], writesReport: true },
  { name: "sync", file: `${FOLDER}controller/sync.ts`, quickArguments: SMALL_CLUSTER, writesReport: false },
];

/** Returns every benchmark: the file test/bench/NAME/NAME.ts of each folder, and those without a folder. */
export function listEntries(): BenchEntry[] {
  const entries = readdirSync(FOLDER, { withFileTypes: true })
    .filter((folder) => folder.isDirectory())
    .map(({ name }) => ({ name, file: `${FOLDER}${name}/${name}.ts`, quickArguments: ["--quick"], writesReport: true }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return [...entries, ...OTHER_ENTRIES].filter(({ file }) => existsSync(file));
}

/** Returns the file of a benchmark's last report. */
export function reportFile(name: string): string {
  return `${RESULTS_FOLDER}/${name}.json`;
}
