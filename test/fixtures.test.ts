import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { allPolicies } from "../src/rules/policies/all.ts";
import type { Annotation } from "../src/rules/policies/define.ts";
import { PREFIXES } from "../sync/compile/annotations.ts";
import { lineOf, reasons } from "../sync/compile/diagnostic.ts";
import { explain } from "../sync/explain/explain.ts";
import { type Fixture, readFixtures, ZONES } from "./support/fixture.ts";
import { type Edge, startEdge } from "./support/fixture-edge.ts";
import { differences, type Outcome, type RequestLine } from "./support/requests.ts";

const fixtures = readFixtures();
let edge: Edge;

before(async () => {
  edge = await startEdge(ZONES);
});

after(() => edge.close());

for (const fixture of fixtures) {
  describe(fixture.sentence, () => {
    test("compiles to the rules and diagnostics of rules.json", () => {
      const { rules, diagnostics } = fixture.compiled;
      const golden = `${JSON.stringify({ diagnostics: diagnostics.map(lineOf), rules }, null, 2)}\n`;
      if (process.env.UPDATE_GOLDEN) writeFileSync(fixture.goldenPath, golden);
      assert.equal(golden, readFileSync(fixture.goldenPath, "utf8"));
    });

    test("the matcher and the filters give every request its answer", async () => {
      const found: string[] = [];
      for (const line of fixture.requests) found.push(...differences(toldBy(line), await explained(fixture, line)));
      assert.deepEqual(found, []);
    });

    test("the Worker in workerd gives every request its answer", async () => {
      await edge.serve(fixture.cluster, fixture.options);
      const found: string[] = [];
      for (const line of fixture.requests) found.push(...differences(line, await edge.ask(line)));
      assert.deepEqual(found, []);
    });
  });
}

test("an annotation that two policies read is the same row in both", () => {
  const rows = allPolicies.flatMap(({ annotations }) => Object.entries<Annotation<unknown>>(annotations));
  const byName = new Map(rows);
  assert.deepEqual(
    rows.filter(([name, row]) => byName.get(name) !== row).map(([name]) => name),
    [],
  );
});

// Every annotation and every reason has its sentence.
const reported = fixtures.flatMap(({ compiled }) => compiled.diagnostics);

for (const [name, { guards, parse }] of allPolicies.flatMap(({ annotations }) =>
  Object.entries<Annotation<unknown>>(annotations),
)) {
  const keys = PREFIXES.map((prefix) => prefix + name);

  test(`the annotation ${name} appears in a fixture`, () => {
    assert.ok(
      fixtures.some(({ cluster }) => cluster.ingresses.some((own) => keys.some((key) => key in own.annotations))),
    );
  });

  // Some take any text, since nothing is made of it: no value of theirs is bad.
  if (parse("\0").ok) continue;

  test(`the annotation ${name} ${guards ? "closes the route" : "is reported"} where a fixture writes it badly`, () => {
    const fields = keys.map((key) => `metadata.annotations[${key}]`);
    const reason = guards ? "RouteClosed" : "AnnotationInvalid";
    assert.ok(reported.some((diagnostic) => diagnostic.reason === reason && fields.includes(diagnostic.field)));
  });
}

// What takes more than a file of a sentence: what was before (test/quarantine.test.ts), and a megabyte (test/room.test.ts).
const TOLD_ELSEWHERE = ["Quarantined", "TooLarge"];

for (const reason of Object.keys(reasons)) {
  if (TOLD_ELSEWHERE.includes(reason)) continue;

  test(`the reason ${reason} appears in a fixture`, () => {
    assert.ok(reported.some((diagnostic) => diagnostic.reason === reason));
  });
}

/** Of the headers that the client sees, `explain` only tells Location. */
function toldBy(line: RequestLine): RequestLine {
  const clientHeaders = line.expected.clientHeaders.filter(([name]) => name.toLowerCase() === "location");
  return { ...line, expected: { ...line.expected, clientHeaders } };
}

/** What `explain` says comes of a request. */
async function explained({ compiled, open }: Fixture, { method, url, headers }: RequestLine): Promise<Outcome> {
  const given = headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const { status, location, route, origin } = await explain(compiled.rules, { method, url, headers: given }, open);
  if (status !== "the origin's") return { end: { status }, clientHeader: () => location };
  const path = origin?.url.replace(/^https?:\/\/[^/?#]*/, "") ?? "";
  return { end: { backend: route?.backend ?? "none" }, asked: { method, path } };
}
