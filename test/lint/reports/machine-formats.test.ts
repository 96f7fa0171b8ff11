import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { formatJson } from "../../../sync/lint/reports/json.ts";
import { formatJunit } from "../../../sync/lint/reports/junit.ts";
import { buildSarif } from "../../../sync/lint/reports/sarif.ts";
import { formatUri } from "../../../sync/lint/reports/source-location.ts";
import { parseBaseline } from "../../../sync/lint/verdicts/baseline.ts";
import type { ObjectVerdict } from "../../../sync/lint/verdicts/report.ts";
import { buildSampleReport, CLOSED, UNCHANGED } from "../../support/cli/lint-report.ts";

const KNOWN = JSON.stringify({
  version: 1,
  findings: [{ rule: "RouteFailedClosed", object: "Ingress default/shop", place: "server-snippet" }],
});

function buildReportWithBaseline() {
  const baseline = parseBaseline(KNOWN);
  assert.ok(baseline.ok);
  return buildSampleReport([CLOSED, UNCHANGED], baseline.value);
}

describe("the JSON report", () => {
  test("The JSON report has the summary, the verdicts and every finding with its hosts", () => {
    const report = JSON.parse(formatJson(buildSampleReport([CLOSED, UNCHANGED])));
    assert.deepEqual(Object.keys(report), [
      "summary",
      "hosts",
      "ingresses",
      "objects",
      "causes",
      "findings",
      "uncheckedObjects",
      "skippedClasses",
    ]);
    assert.deepEqual(report.summary.doFirst, {
      cause: "RouteFailedClosed server-snippet",
      remedy: "use annotations",
      freedHosts: 1,
    });
    assert.deepEqual(report.summary.counts, { error: 1, unsupported: 0, different: 0, note: 0, unchanged: 1 });
    assert.deepEqual(report.hosts[1], {
      name: "shop.example.com",
      verdict: "after-one-change",
      changes: 1,
      causes: ["RouteFailedClosed server-snippet"],
      differences: 0,
      ingresses: ["default/shop"],
      objects: ["Ingress default/shop"],
    });
    assert.deepEqual(report.objects, report.ingresses);
    assert.deepEqual(
      report.objects.map(({ kind, name }: ObjectVerdict) => [kind, name]),
      [
        ["Ingress", "default/blog"],
        ["Ingress", "default/shop"],
      ],
    );
    assert.deepEqual(report.findings[0], {
      ...CLOSED,
      place: "server-snippet",
      hosts: ["shop.example.com"],
      cause: "RouteFailedClosed server-snippet",
      isKnown: false,
    });
  });
});

describe("the SARIF report", () => {
  test("A SARIF result has its rule, its level and the line of its field", () => {
    const { $schema, version, runs } = buildSarif(buildSampleReport([CLOSED, UNCHANGED]));
    assert.deepEqual([$schema, version], ["https://json.schemastore.org/sarif-2.1.0.json", "2.1.0"]);
    const [closed, unchanged] = runs[0]?.results ?? [];
    assert.deepEqual(closed, {
      ruleId: "RouteFailedClosed",
      ruleIndex: 0,
      kind: "fail",
      level: "error",
      message: {
        text: 'Ingress default/shop, server-snippet: unsupported | <"&>\u0001 *text*; use annotations (http://shop.example.com/ → 200 in ingress-nginx, 503 in edgress)',
      },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "a%20folder/shop.yaml" },
            region: { startLine: 12 },
          },
          logicalLocations: [{ fullyQualifiedName: "Ingress default/shop server-snippet" }],
        },
      ],
      partialFingerprints: { "edgressFinding/v1": "6971ae1b1f932fae2dc626e5a5ab6378" },
      properties: {
        kind: "error",
        hosts: ["shop.example.com"],
        remedy: "use annotations",
        url: "http://shop.example.com/",
        nginx: "200",
        edgress: "503",
      },
    });
    // A result that is no failure has no level (section 3.27.10).
    assert.deepEqual([unchanged?.kind, unchanged?.level], ["pass", "none"]);
  });

  test("A SARIF rule has texts and a section of the documentation", () => {
    const [run] = buildSarif(buildSampleReport([CLOSED, UNCHANGED])).runs;
    assert.deepEqual(run?.tool.driver.rules?.[0], {
      id: "RouteFailedClosed",
      shortDescription: {
        text: "A guard is unreadable, or a required annotation is unsupported; the paths return 503.",
      },
      fullDescription: {
        text: "A guard is unreadable, or a required annotation is unsupported; the paths return 503.",
      },
      help: {
        text: "A guard is unreadable, or a required annotation is unsupported; the paths return 503. See docs/operations.md, section RouteFailedClosed.",
        markdown:
          "A guard is unreadable, or a required annotation is unsupported; the paths return 503. See [RouteFailedClosed](docs/operations.md#routefailedclosed).",
      },
      defaultConfiguration: { level: "error" },
    });
  });

  test("A finding of the baseline is an unchanged and suppressed SARIF result", () => {
    const [known] = buildSarif(buildReportWithBaseline()).runs[0]?.results ?? [];
    assert.equal(known?.baselineState, "unchanged");
    assert.deepEqual(known.suppressions, [{ kind: "external", justification: "The baseline contains the finding." }]);
  });

  test("A finding about an object of a cluster has no file", () => {
    const [run] = buildSarif(buildSampleReport([{ ...CLOSED, source: "cluster" }])).runs;
    assert.deepEqual(Object.keys(run?.results?.[0]?.locations?.[0] ?? {}), ["logicalLocations"]);
  });

  for (const [path, uri] of [
    ["shop.yaml", "shop.yaml"],
    ["a b/c#d?.yaml", "a%20b/c%23d%3F.yaml"],
    ["c:d.yaml", "c%3Ad.yaml"],
    ["/tmp/a b.yaml", "file:///tmp/a%20b.yaml"],
    ["café.yaml", "caf%C3%A9.yaml"],
  ] as const) {
    test(`The path ${path} has the URI ${uri}`, () => {
      assert.equal(formatUri(path), uri);
    });
  }
});

describe("the JUnit report", () => {
  const failsOnErrors = ({ kind, isKnown }: { kind: string; isKnown: boolean }) => kind === "error" && !isKnown;

  test("The JUnit report has one test case per finding, with file and line", () => {
    assert.equal(
      formatJunit(buildSampleReport([CLOSED, UNCHANGED]), failsOnErrors),
      `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0" skipped="0">
  <testsuite name="edgress lint" tests="2" failures="1" errors="0" skipped="0">
    <testcase classname="Ingress default/shop" name="RouteFailedClosed server-snippet: unsupported | &lt;&quot;&amp;&gt;\ufffd *text*" file="a folder/shop.yaml" line="12">
      <failure type="RouteFailedClosed" message="unsupported | &lt;&quot;&amp;&gt;\ufffd *text*">a folder/shop.yaml:12: unsupported | &lt;"&amp;&gt;\ufffd *text*; use annotations
http://shop.example.com/ → 200 in ingress-nginx, 503 in edgress</failure>
    </testcase>
    <testcase classname="Ingress default/blog" name="full-support spec.rules: 1 path: as in ingress-nginx" file="b.yaml" line="1">
      <system-out>unchanged: b.yaml:1: 1 path: as in ingress-nginx</system-out>
    </testcase>
  </testsuite>
</testsuites>`,
    );
  });

  test("A finding of the baseline is a skipped test case", () => {
    const xml = formatJunit(buildReportWithBaseline(), failsOnErrors);
    assert.match(xml, /<testsuites tests="2" failures="0" errors="0" skipped="1">/);
    assert.match(xml, /<skipped message="the baseline contains the finding"\/>/);
  });
});
