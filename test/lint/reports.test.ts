import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { diagnosticReasons } from "../../sync/compile/diagnostic-reasons.ts";
import { FINDING_KINDS, type Finding } from "../../sync/lint/findings/finding.ts";
import { lint } from "../../sync/lint/lint.ts";
import { formatJunit } from "../../sync/lint/reports/junit.ts";
import { buildSarif } from "../../sync/lint/reports/sarif.ts";
import { formatTable } from "../../sync/lint/reports/text-output.ts";
import { type IngressInput, lintIngresses, NGINX } from "../support/cli/lint.ts";
import { readFixtures, ZONES } from "../support/fixture.ts";

describe("findings that lint omits", () => {
  test("Lint does not report a redirect if the path without the slash exists too", async () => {
    const findings = await lintIngresses([
      {
        paths: [
          ["/cart/", "Prefix"],
          ["/cart", "Exact"],
        ],
      },
    ]);
    assert.deepEqual(listRules(findings), ["full-support"]);
  });

  test("Lint does not report an open-ended path that another path covers", async () => {
    const paths = ["/cart", "/cartbar", "/cart-and-more", "/cart0"].map((path) => [path, "Prefix"] as const);
    const findings = await lintIngresses([{ annotations: { [`${NGINX}use-regex`]: "true" }, paths }]);
    const open = findings.filter(({ rule }) => rule === "prefix-matches-partial-segment").map(({ field }) => field);
    assert.ok(!open.includes("spec.rules[0].http.paths[0].path"));
  });

  test("Lint does not count paths that are not served as unchanged", async () => {
    const findings = await lintIngresses([{ annotations: { [`${NGINX}server-snippet`]: "return 200;" } }]);
    assert.ok(!listRules(findings).includes("full-support"));
  });

  test("Lint does not report features that are switched off", async () => {
    const findings = await lintIngresses([{ annotations: { [`${NGINX}enable-modsecurity`]: "false" } }]);
    assert.deepEqual(listRules(findings), ["full-support"]);
  });
});

describe("formats of lint reports", () => {
  const findings: Finding[] = [
    {
      rule: "RouteFailedClosed",
      object: "Ingress default/shop",
      field: `metadata.annotations[${NGINX}server-snippet]`,
      source: "a folder/shop.yaml:12",
      kind: "error",
      message: 'unsupported; <"&>\u0001',
      url: "http://shop.example.com/",
      nginx: "200",
      edgress: "503",
    },
    {
      rule: "full-support",
      object: "Ingress default/blog",
      field: "spec.rules",
      source: "b.yaml:1",
      kind: "unchanged",
      message: "1 path",
    },
  ];

  test("Lint prints a table with aligned columns and a count", () => {
    assert.deepEqual(formatTable(findings), [
      "           object                field           source                 message",
      'error      Ingress default/shop  server-snippet  a folder/shop.yaml:12  unsupported; <"&>\u0001',
      "                                                                        http://shop.example.com/ → 200 in ingress-nginx, 503 in edgress",
      "unchanged  Ingress default/blog  spec.rules      b.yaml:1               1 path",
      "2 objects: 1 error, 0 unsupported, 0 different, 0 note, 1 unchanged",
    ]);
  });

  test("Lint prints SARIF 2.1.0 with all required fields", () => {
    const { version, runs } = buildSarif(findings);
    assert.equal(version, "2.1.0");
    const [run] = runs;
    assert.equal(run?.tool.driver.name, "edgress");
    const ids = run?.tool.driver.rules?.map(({ id }) => id);
    for (const { message, ruleId, locations } of run?.results ?? []) {
      assert.ok(message.text);
      assert.ok(ruleId && ids?.includes(ruleId));
      const region = locations?.[0]?.physicalLocation?.region;
      assert.ok(Number.isInteger(region?.startLine) && (region?.startLine ?? 0) >= 1);
    }
    const [closed, unchanged] = run?.results ?? [];
    assert.equal(closed?.level, "error");
    assert.equal(closed?.locations?.[0]?.physicalLocation?.artifactLocation?.uri, "a%20folder/shop.yaml");
    assert.equal(closed?.locations?.[0]?.physicalLocation?.region?.startLine, 12);
    // A result that is no failure has no level (section 3.27.10).
    assert.deepEqual([unchanged?.kind, unchanged?.level], ["pass", "none"]);
  });

  test("Lint prints JUnit XML in which only errors fail and all texts are escaped", () => {
    const xml = formatJunit(findings);
    assert.match(xml, /<testsuites tests="2" failures="1" errors="0">/);
    assert.match(xml, /<failure type="RouteFailedClosed" message="unsupported; &lt;&quot;&amp;&gt;\ufffd">/);
    assert.equal(xml.match(/<testcase /g)?.length, 2);
    assert.equal(xml.match(/<failure /g)?.length, 1);
  });

  test("Lint reports the most severe findings first, each once, in any order of objects", async () => {
    const ingresses: IngressInput[] = [
      { name: "b", annotations: { [`${NGINX}proxy-buffering`]: "on", [`${NGINX}enable-modsecurity`]: "true" } },
      { name: "a", paths: [["/cart/", "Prefix"]] },
    ];
    const kinds = (await lintIngresses(ingresses)).map(({ kind }) => FINDING_KINDS.indexOf(kind));
    assert.deepEqual(kinds, kinds.toSorted());
    assert.deepEqual(await lintIngresses(ingresses), await lintIngresses(ingresses.toReversed()));
  });
});

describe("lint of every fixture", () => {
  for (const { title, cluster, options, compiled } of readFixtures()) {
    test(`Lint has a response for each URL and an error for each compiler error: ${title}`, async () => {
      const findings = await lint(cluster, { ...options, zones: ZONES });
      assert.deepEqual(
        findings.filter(({ url, edgress }) => (url === undefined) !== (edgress === undefined)),
        [],
      );
      const errors = compiled.diagnostics.filter(({ reason }) => diagnosticReasons[reason].severity === "error");
      assert.equal(findings.filter(({ kind }) => kind === "error").length, errors.length);
    });
  }
});

function listRules(findings: readonly Finding[]): string[] {
  return findings.map(({ rule }) => rule);
}
