// Run by `npm run test:gateway`: the conformance suite of the Gateway API on a real API server and the local edge.
// `npm run test:gateway -- --run-test HTTPRouteMatching` runs one test. All flags of the suite work.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { findFeatureProblems } from "./feature-tests.ts";
import { saveReport } from "./report.ts";
import { SKIPPED_TESTS } from "./skipped-tests.ts";
import { GATEWAY_CLASS, startStack } from "./stack.ts";
import { IMPLEMENTATION_FLAGS, readResult, type TestResult, TIMEOUT_FLAG } from "./suite.ts";

const FOLDER = fileURLToPath(new URL("../../node_modules/.cache/gateway-conformance", import.meta.url));
const flags = process.argv.slice(2);
mkdirSync(FOLDER, { recursive: true });
const [program = "", definitions = ""] = buildSuite();
const stack = await startStack(definitions);
const reportFile = join(FOLDER, "report.yaml");
const results = await runSuite();
await stack.close();
const controllerLines = stack.controllerLines.map((line) => `${JSON.stringify(line)}\n`);
writeFileSync(join(FOLDER, "controller.log"), controllerLines.join(""));
const count = (result: TestResult["result"]) => results.filter((test) => test.result === result).length;
console.log(`${count("PASS")} passed, ${count("FAIL")} failed, ${count("SKIP")} skipped; logs: ${FOLDER}`);
const problems = flags.length === 0 ? findFeatureProblems(results) : [];
for (const problem of problems) console.error(problem);
const isSuccess = results.length > 0 && count("FAIL") === 0 && problems.length === 0;
if (isSuccess && flags.length === 0) saveReport(reportFile);
process.exit(isSuccess ? 0 : 1);

function buildSuite(): string[] {
  const script = fileURLToPath(new URL("build.sh", import.meta.url));
  return execFileSync(script, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
    .trim()
    .split("\n");
}

/** Runs the suite. Its output goes to a file, and the result of each test to the terminal. */
async function runSuite(): Promise<TestResult[]> {
  const suiteFlags = [
    ...[
      "-test.v=test2json",
      "-test.timeout=30m",
      `--gateway-class=${GATEWAY_CLASS}`,
      "--conformance-profiles=GATEWAY-HTTP",
    ],
    ...IMPLEMENTATION_FLAGS,
    TIMEOUT_FLAG,
    `--report-output=${reportFile}`,
    `--skip-tests=${Object.keys(SKIPPED_TESTS).join(",")}`,
    ...flags,
  ];
  const child = spawn(program, suiteFlags, {
    env: { ...process.env, ...stack.environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(join(FOLDER, "suite.log"));
  child.stderr.pipe(process.stderr);
  const results: TestResult[] = [];
  createInterface(child.stdout).on("line", (line) => {
    log.write(`${line}\n`);
    const result = readResult(line);
    if (!result) return;
    results.push(result);
    if (result.result !== "SKIP") console.log(`${result.result} ${result.name} (${result.seconds} s)`);
  });
  await once(child, "close");
  log.end();
  return results;
}
