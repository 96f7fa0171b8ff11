import { create } from "xmlbuilder2";
import type { LintReport, ReportedFinding } from "../verdicts/report.ts";
import { parseSource } from "./source-location.ts";
import { formatMessage, formatResponses } from "./words.ts";

/** Formats a report as JUnit XML: one test case per finding. `fails` decides about failures; known findings are skipped. */
export function formatJunit({ findings }: LintReport, fails: (finding: ReportedFinding) => boolean): string {
  const failures = findings.filter(fails).length;
  const skipped = findings.filter(({ isKnown }) => isKnown).length;
  const counts = { tests: findings.length, failures, errors: 0, skipped };
  // XML forbids control characters, even escaped.
  const document = create({ version: "1.0", encoding: "UTF-8", invalidCharReplacement: "�" });
  const suite = document.ele("testsuites", counts).ele("testsuite", { name: "edgress lint", ...counts });
  for (const finding of findings) {
    const { object, place, kind, rule, message, isKnown } = finding;
    const source = parseSource(finding);
    const location = source && { file: source.path, line: source.line };
    const test = suite.ele("testcase", { classname: object, name: `${rule} ${place}: ${message}`, ...location });
    if (fails(finding)) test.ele("failure", { type: rule, message }).txt(formatDetails(finding));
    else if (isKnown) test.ele("skipped", { message: "the baseline contains the finding" });
    else test.ele("system-out").txt(`${kind}: ${formatDetails(finding)}`);
  }
  return document.end({ prettyPrint: true });
}

function formatDetails(finding: ReportedFinding): string {
  const responses = formatResponses(finding);
  return `${finding.source}: ${formatMessage(finding)}${responses === undefined ? "" : `\n${responses}`}`;
}
