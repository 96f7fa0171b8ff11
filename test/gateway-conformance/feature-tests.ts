import { GATEWAY_FEATURES } from "../../sync/compile/gateway/gateway-features.ts";
import { SKIPPED_TESTS } from "./skipped-tests.ts";
import type { TestResult } from "./suite.ts";

/** Compares the tests that ran with those in the table of features. Returns a line for each difference. */
export function findFeatureProblems(results: readonly TestResult[]): string[] {
  const documentedTests = new Set(GATEWAY_FEATURES.flatMap((feature) => ("tests" in feature ? feature.tests : [])));
  const runTests = new Set(results.flatMap(({ name, result }) => (result === "SKIP" ? [] : [name])));
  const missing = [...documentedTests].filter((name) => !runTests.has(name) && !(name in SKIPPED_TESTS));
  return [
    ...missing.map((name) => `test ${name} did not run: remove it from GATEWAY_FEATURES, or add it to SKIPPED_TESTS`),
    ...[...runTests].filter((name) => !documentedTests.has(name)).map((name) => `add test ${name} to GATEWAY_FEATURES`),
  ];
}
