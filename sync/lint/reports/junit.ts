import { create } from "xmlbuilder2";
import type { Finding } from "../findings/finding.ts";

/** Formats findings as JUnit XML: one test case per finding. Errors are failures. */
export function formatJunit(findings: readonly Finding[]): string {
  const failures = findings.filter(({ kind }) => kind === "error").length;
  const counts = { tests: findings.length, failures, errors: 0 };
  // XML forbids control characters, even escaped.
  const document = create({ version: "1.0", encoding: "UTF-8", invalidCharReplacement: "�" });
  const suite = document.ele("testsuites", counts).ele("testsuite", { name: "edgress lint", ...counts });
  for (const finding of findings) {
    const { object, field, source, kind, rule, message } = finding;
    const test = suite.ele("testcase", { classname: object, name: `${rule} ${field}: ${message}`, file: source });
    if (kind === "error") test.ele("failure", { type: rule, message }).txt(formatFinding(finding));
    else test.ele("system-out").txt(`${kind}: ${formatFinding(finding)}`);
  }
  return document.end({ prettyPrint: true });
}

function formatFinding({ source, message, url, nginx, edgress }: Finding): string {
  const urlText = url === undefined ? "" : `\n${url}: ${nginx ?? "?"} in ingress-nginx, ${edgress ?? "?"} in edgress`;
  return `${source}: ${message}${urlText}`;
}
