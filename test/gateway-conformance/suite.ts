import packageJson from "../../package.json" with { type: "json" };

/** The result of one test of the suite. */
export interface TestResult {
  readonly result: "PASS" | "FAIL" | "SKIP";
  readonly name: string;
  readonly seconds: number;
}

/** Flags that name this implementation in the report. */
export const IMPLEMENTATION_FLAGS = [
  "--organization=edgress",
  "--project=edgress",
  "--url=https://edgress.dev",
  `--version=v${packageJson.version}`,
  "--contact=https://edgress.dev",
];

/** Reads the result of a test from a line of the suite's output. Subtests have deeper names. */
export function readResult(line: string): TestResult | undefined {
  const [, result, name, seconds] = /^\s*--- (PASS|FAIL|SKIP): TestConformance\/([^/\s]+) \((.*)s\)$/.exec(line) ?? [];
  if (result === undefined || name === undefined) return undefined;
  return { result: result as TestResult["result"], name, seconds: Number(seconds) };
}
