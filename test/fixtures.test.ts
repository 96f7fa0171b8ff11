import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { compiledPolicies } from "../src/rules/policies/compiled-policies.ts";
import type { Annotation } from "../src/rules/policies/policy.ts";
import { ANNOTATION_PREFIXES } from "../sync/collect/annotation-names.ts";
import { addressReasons } from "../sync/compile/address-reasons.ts";
import { diagnosticReasons } from "../sync/compile/diagnostic-reasons.ts";
import { formatDiagnostic } from "../sync/compile/diagnostics.ts";
import { gatewayReasons } from "../sync/compile/gateway-reasons.ts";
import { hostReasons } from "../sync/compile/host-reasons.ts";
import { rolloutReasons } from "../sync/compile/rollout-reasons.ts";
import { explain } from "../sync/explain/explain.ts";
import { type Fixture, readFixtures, ZONES } from "./support/fixture.ts";
import { compareOutcome, type ObservedOutcome, type RequestLine } from "./support/requests.ts";
import { observeOutcome } from "./support/worker/observed-outcome.ts";
import { startWorkerHarness, type WorkerHarness } from "./support/worker/worker-harness.ts";

const TWO_HOURS_MS = 2 * 3_600_000;

const fixtures = readFixtures();
let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness({ zones: ZONES, echoOrigins: true });
});

after(() => edge.close());

for (const [index, fixture] of fixtures.entries()) {
  test(`The fixture "${fixture.title}" compiles to the rules and diagnostics of rules.json`, () => {
    const { rules, diagnostics } = fixture.compiled;
    const golden = `${JSON.stringify({ diagnostics: diagnostics.map(formatDiagnostic), rules }, null, 2)}\n`;
    if (process.env.UPDATE_GOLDEN) writeFileSync(fixture.goldenPath, golden);
    assert.equal(golden, readFileSync(fixture.goldenPath, "utf8"));
  });

  test(`The matcher and the filters respond to every request of the fixture "${fixture.title}"`, async () => {
    const differences: string[] = [];
    for (const line of fixture.requests)
      differences.push(...compareOutcome(omitUnexplainedHeaders(line), await explainOutcome(fixture, line)));
    assert.deepEqual(differences, []);
  });

  test(`The Worker in workerd responds to every request of the fixture "${fixture.title}"`, async () => {
    const { cluster, options } = fixture;
    // Two hours apart, so that history stays short. Each publication reads all of it.
    await edge.publishCluster(cluster, { options, now: new Date(Date.UTC(2026, 0) + index * TWO_HOURS_MS) });
    const differences: string[] = [];
    for (const line of fixture.requests) differences.push(...compareOutcome(line, await observeOutcome(edge, line)));
    assert.deepEqual(differences, []);
  });
}

test("Two policies that read the same annotation share its row", () => {
  const rows = compiledPolicies.flatMap(({ annotations }) => Object.entries<Annotation<unknown>>(annotations));
  const byName = new Map(rows);
  assert.deepEqual(
    rows.filter(([name, row]) => byName.get(name) !== row).map(([name]) => name),
    [],
  );
});

const diagnostics = fixtures.flatMap(({ compiled }) => compiled.diagnostics);

for (const [name, { guards, parse }] of compiledPolicies.flatMap(({ annotations }) =>
  Object.entries<Annotation<unknown>>(annotations),
)) {
  const keys = ANNOTATION_PREFIXES.map((prefix) => prefix + name);

  test(`The annotation ${name} appears in a fixture`, () => {
    assert.ok(
      fixtures.some(({ cluster }) =>
        cluster.ingresses.some(({ annotations }) => keys.some((key) => key in annotations)),
      ),
    );
  });

  // Every text is a valid value of some annotations.
  if (parse("\0").ok) continue;

  test(`The annotation ${name} ${guards ? "closes the route" : "is reported"} if a fixture has an invalid value`, () => {
    const fields = keys.map((key) => `metadata.annotations[${key}]`);
    const reason = guards ? "RouteFailedClosed" : "InvalidAnnotation";
    assert.ok(diagnostics.some((diagnostic) => diagnostic.reason === reason && fields.includes(diagnostic.field)));
  });
}

const PUBLICATION_REASONS = [
  ...["BlockedRemoval", "ClosedIngress", "ChangePinned", "GuardNotPublished"],
  ...Object.keys({ ...hostReasons, ...rolloutReasons, ...addressReasons }),
];
// These need an earlier compilation (test/compile), an object of a megabyte, or a publication (test/incidents). Those of
// Gateways are in test/compile/gateway.
const TESTED_ELSEWHERE = [
  ...["ServingLastGood", "IngressTooLarge", "NamespaceSizeExceeded"],
  ...Object.keys(gatewayReasons),
  ...PUBLICATION_REASONS,
];

for (const reason of Object.keys(diagnosticReasons)) {
  if (TESTED_ELSEWHERE.includes(reason)) continue;

  test(`The reason ${reason} appears in a fixture`, () => {
    assert.ok(diagnostics.some((diagnostic) => diagnostic.reason === reason));
  });
}

/** Drops the expected headers of the client except for Location, the only one that `explain` returns. */
function omitUnexplainedHeaders(line: RequestLine): RequestLine {
  const clientHeaders = line.expected.clientHeaders.filter(([name]) => name.toLowerCase() === "location");
  return { ...line, expected: { ...line.expected, clientHeaders } };
}

/** Returns the outcome that `explain` predicts. */
async function explainOutcome(
  { compiled, open }: Fixture,
  { method, url, headers }: RequestLine,
): Promise<ObservedOutcome> {
  const pairs = headers.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const { status, location, route, origin } = await explain(compiled.rules, { method, url, headers: pairs }, open);
  if (status !== "from-origin") return { destination: { status }, clientHeader: () => location };
  const path = origin?.url.replace(/^https?:\/\/[^/?#]*/, "") ?? "";
  return { destination: { backend: route?.backend ?? "none" }, originRequest: { method, path } };
}
