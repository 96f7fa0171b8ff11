import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Finding } from "../../../sync/lint/findings/finding.ts";
import { formatSummary } from "../../../sync/lint/reports/text/summary-text.ts";
import { formatText } from "../../../sync/lint/reports/text/text-report.ts";
import { buildSampleReport, CLOSED, UNCHANGED } from "../../support/cli/lint-report.ts";

const PLAIN = { width: 80, useColors: false, verbose: false };

const SUMMARY = [
  "2 Ingresses, 2 hosts",
  "",
  "  can move now            1 host      1 Ingress",
  "  after one change        1 host      1 Ingress",
  "  after more changes     0 hosts    0 Ingresses",
  "  cannot move            0 hosts    0 Ingresses",
  "",
  "CAUSE                                                           HOSTS    OBJECTS",
  "server-snippet: closes its paths                                    1          1",
  "",
  "Do first: use annotations",
  "  It blocks 1 host, 1 host can move after it (server-snippet).",
  "Not checked: 1 Secret, assumed to exist. --live checks them",
  "Skipped classes: traefik (2)",
  "Findings: 1 error, 0 unsupported, 0 different, 0 notes, 1 unchanged",
];

describe("the text report", () => {
  test("The text report has a summary, a verdict per host, the causes and the objects not checked", () => {
    assert.deepEqual(formatText(buildSampleReport([CLOSED, UNCHANGED]), PLAIN), [
      ...SUMMARY,
      "",
      "HOST              VERDICT         INGRESSES  CAUSES",
      "blog.example.com  now             1",
      "shop.example.com  after 1 change  1          server-snippet",
      "",
      "error: server-snippet: closes its paths (RouteFailedClosed server-snippet)",
      "  1 host, 1 object",
      "  Do: use annotations",
      "  - Ingress default/shop, server-snippet (a folder/shop.yaml:12)",
      '    unsupported | <"&>\\u0001 *text*',
      "    http://shop.example.com/ → 200 in ingress-nginx, 503 in edgress",
      "",
      "Notes, with --verbose in full:",
      "unchanged  1  Paths and annotations as in ingress-nginx (full-support)",
      "",
      "Not checked, Secret: default/staff",
    ]);
  });

  test("The summary is the first part of the text report", () => {
    assert.deepEqual(formatSummary(buildSampleReport([CLOSED, UNCHANGED]), PLAIN), SUMMARY);
  });

  test("The text report folds the findings of a cause after the third, and lists their objects", () => {
    const findings = ["a", "b", "c", "d", "e"].map(
      (name): Finding => ({ ...CLOSED, object: `Ingress default/${name}`, message: "unsupported" }),
    );
    const lines = formatText(buildSampleReport(findings), PLAIN);
    assert.equal(lines.filter((line) => line.startsWith("  - ")).length, 3);
    assert.ok(lines.includes("  and 2 more, with --verbose: default/d, default/e"), lines.join("\n"));
    assert.equal(lines.filter((line) => line.trim() === "unsupported").length, 1);
    const verboseLines = formatText(buildSampleReport(findings), { ...PLAIN, verbose: true });
    assert.equal(verboseLines.filter((line) => line.startsWith("  - ")).length, 5);
  });

  for (const width of [60, 80, 120]) {
    test(`No line of the text report is longer than ${width} columns`, () => {
      const long = "a-word-without-spaces/".repeat(20);
      const findings = [{ ...CLOSED, message: long, url: `http://${long}`, source: `${long}:1` }, UNCHANGED];
      const lines = formatText(buildSampleReport(findings), { ...PLAIN, width });
      assert.deepEqual(
        lines.filter((line) => line.length > width),
        [],
      );
      assert.ok(lines.join("").replaceAll(/\s/g, "").includes(long));
    });
  }

  test("Colors surround words, and no text of a manifest adds an escape sequence", () => {
    const red = { ...CLOSED, message: "\u001b[31mred" };
    const lines = formatText(buildSampleReport([red]), { ...PLAIN, useColors: true });
    assert.ok(
      lines.includes("\u001b[31merror: server-snippet: closes its paths (RouteFailedClosed server-snippet)\u001b[39m"),
    );
    assert.ok(lines.includes("    \\u001b[31mred"));
  });
});
