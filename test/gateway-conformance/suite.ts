import packageJson from "../../package.json" with { type: "json" };

/** The result of one test of the suite. */
export interface TestResult {
  readonly result: "PASS" | "FAIL" | "SKIP";
  readonly name: string;
  readonly seconds: number;
}

/** Shorter than the suite's defaults of up to 3 minutes, so that a failure ends soon. */
const TIMEOUTS = {
  GWCMustBeAccepted: 30,
  GatewayMustHaveAddress: 30,
  GatewayMustHaveCondition: 30,
  GatewayStatusMustHaveListeners: 30,
  GatewayListenersMustHaveConditions: 30,
  ListenerSetMustHaveCondition: 30,
  ListenerSetListenersMustHaveConditions: 30,
  HTTPRouteMustNotHaveParents: 30,
  HTTPRouteMustHaveCondition: 30,
  RouteMustHaveParents: 30,
  NamespacesMustBeReady: 60,
  LatestObservedGenerationSet: 30,
};

/** The flag that limits the waits for statuses, in seconds. */
export const TIMEOUT_FLAG = `--timeout-config-overrides=${Object.entries(TIMEOUTS)
  .map(([name, seconds]) => `${name}:${seconds}`)
  .join(";")}`;

/** Flags that name this implementation in the report. */
export const IMPLEMENTATION_FLAGS = [
  "--organization=edgress",
  "--project=edgress",
  "--url=https://edgress.dev",
  `--version=v${packageJson.version}`,
  "--contact=https://edgress.dev",
];

/** Reads the result of a test from a line of the suite's output, which starts with ^V. Subtests have deeper names. */
export function readResult(line: string): TestResult | undefined {
  const [, result, name, seconds] =
    /^\x16?\s*--- (PASS|FAIL|SKIP): TestConformance\/([^/\s]+) \((.*)s\)$/.exec(line) ?? [];
  if (result === undefined || name === undefined) return undefined;
  return { result: result as TestResult["result"], name, seconds: Number(seconds) };
}
