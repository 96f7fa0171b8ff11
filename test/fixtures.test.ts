import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { compiledPolicies } from "../src/rules/policies/compiled-policies.ts";
import type { Annotation } from "../src/rules/policies/policy.ts";
import { ANNOTATION_PREFIXES } from "../sync/collect/annotation-names.ts";
import { diagnosticReasons, formatDiagnostic } from "../sync/compile/diagnostics.ts";
import { explain } from "../sync/explain/explain.ts";
import { type Fixture, readFixtures, ZONES } from "./support/fixture.ts";
import { type EchoHarness, startEchoHarness } from "./support/fixture-worker.ts";
import { compareOutcome, type ObservedOutcome, type RequestLine } from "./support/requests.ts";

const fixtures = readFixtures();
let edge: EchoHarness;

before(async () => {
  edge = await startEchoHarness(ZONES);
});

after(() => edge.close());

for (const fixture of fixtures) {
  describe(fixture.title, () => {
    test("compiles to the rules and diagnostics of rules.json", () => {
      const { rules, diagnostics } = fixture.compiled;
      const golden = `${JSON.stringify({ diagnostics: diagnostics.map(formatDiagnostic), rules }, null, 2)}\n`;
      if (process.env.UPDATE_GOLDEN) writeFileSync(fixture.goldenPath, golden);
      assert.equal(golden, readFileSync(fixture.goldenPath, "utf8"));
    });

    test("the matcher and the filters give every request its answer", async () => {
      const found: string[] = [];
      for (const line of fixture.requests)
        found.push(...compareOutcome(keepExplainedHeaders(line), await explainOutcome(fixture, line)));
      assert.deepEqual(found, []);
    });

    test("the Worker in workerd gives every request its answer", async () => {
      await edge.publish(fixture.cluster, fixture.options);
      const found: string[] = [];
      for (const line of fixture.requests) found.push(...compareOutcome(line, await edge.sendRequest(line)));
      assert.deepEqual(found, []);
    });
  });
}

test("an annotation that two policies read is the same row in both", () => {
  const rows = compiledPolicies.flatMap(({ annotations }) => Object.entries<Annotation<unknown>>(annotations));
  const byName = new Map(rows);
  assert.deepEqual(
    rows.filter(([name, row]) => byName.get(name) !== row).map(([name]) => name),
    [],
  );
});

// Every annotation and every reason has its sentence.
const diagnostics = fixtures.flatMap(({ compiled }) => compiled.diagnostics);

for (const [name, { guards, parse }] of compiledPolicies.flatMap(({ annotations }) =>
  Object.entries<Annotation<unknown>>(annotations),
)) {
  const keys = ANNOTATION_PREFIXES.map((prefix) => prefix + name);

  test(`the annotation ${name} appears in a fixture`, () => {
    assert.ok(
      fixtures.some(({ cluster }) => cluster.ingresses.some((own) => keys.some((key) => key in own.annotations))),
    );
  });

  // Some take any text, since nothing is made of it: no value of theirs is bad.
  if (parse("\0").ok) continue;

  test(`the annotation ${name} ${guards ? "closes the route" : "is reported"} where a fixture writes it badly`, () => {
    const fields = keys.map((key) => `metadata.annotations[${key}]`);
    const reason = guards ? "RouteFailedClosed" : "InvalidAnnotation";
    assert.ok(diagnostics.some((diagnostic) => diagnostic.reason === reason && fields.includes(diagnostic.field)));
  });
}

// What takes more than a file of a sentence: what was before (test/quarantine.test.ts), and a megabyte (test/room.test.ts).
const TESTED_ELSEWHERE = ["ServingLastGood", "IngressTooLarge"];

for (const reason of Object.keys(diagnosticReasons)) {
  if (TESTED_ELSEWHERE.includes(reason)) continue;

  test(`the reason ${reason} appears in a fixture`, () => {
    assert.ok(diagnostics.some((diagnostic) => diagnostic.reason === reason));
  });
}

/** Of the headers that the client sees, `explain` only tells Location. */
function keepExplainedHeaders(line: RequestLine): RequestLine {
  const clientHeaders = line.expected.clientHeaders.filter(([name]) => name.toLowerCase() === "location");
  return { ...line, expected: { ...line.expected, clientHeaders } };
}

/** What `explain` says comes of a request. */
async function explainOutcome(
  { compiled, open }: Fixture,
  { method, url, headers }: RequestLine,
): Promise<ObservedOutcome> {
  const given = headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const { status, location, route, origin } = await explain(compiled.rules, { method, url, headers: given }, open);
  if (status !== "from-origin") return { destination: { status }, clientHeader: () => location };
  const path = origin?.url.replace(/^https?:\/\/[^/?#]*/, "") ?? "";
  return { destination: { backend: route?.backend ?? "none" }, originRequest: { method, path } };
}
