import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const REPORT = fileURLToPath(new URL("../../docs/reference/gateway-conformance-report.yaml", import.meta.url));

/** Saves the suite's report for the documentation, unless only its date differs from the saved one. */
export function saveReport(file: string): void {
  const report = readFileSync(file, "utf8");
  if (existsSync(REPORT) && dropDate(readFileSync(REPORT, "utf8")) === dropDate(report)) return;
  writeFileSync(REPORT, report);
  console.log(`The report has changed: ${REPORT}`);
}

function dropDate(report: string): string {
  return report.replace(/^date: .*\n/m, "");
}
