import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { diagnosticReasons } from "../../sync/compile/diagnostic-reasons.ts";
import { FINDING_KINDS, type Finding } from "../../sync/lint/findings/finding.ts";
import { lint } from "../../sync/lint/lint.ts";
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

describe("the list of findings", () => {
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
  for (const { title, cluster, options, compiled, open } of readFixtures()) {
    test(`Lint has a response for each URL and an error for each compiler error: ${title}`, async () => {
      const findings = await lint(cluster, { ...options, zones: ZONES }, open);
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
