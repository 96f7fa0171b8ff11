// Lints manifests, and plans them if the account's variables are set. It writes the report as Markdown, for a comment.
//
// EDGRESS_MANIFESTS  files and folders, one per line
// EDGRESS_FLAGS      flags of lint and plan, one per line: --watch-ingress-without-class
// EDGRESS_PLAN       "true" to plan; anything else lints only
// EDGRESS_REPORT     file of the report; edgress-report.md if not set
// EDGRESS_BIN        cli.js of the installed package; the command edgress if not set
//
// Exit code: 1 if lint or plan finds an error, else 0. A change is no error.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const MARKER = "<!-- edgress plan -->";
const MAX_LINT_LENGTH = 20_000;
const WOULD_CHANGE = 2;

const {
  EDGRESS_MANIFESTS,
  EDGRESS_FLAGS,
  EDGRESS_PLAN,
  EDGRESS_REPORT = "edgress-report.md",
  EDGRESS_BIN,
} = process.env;
const manifests = readLines(EDGRESS_MANIFESTS);
const flags = readLines(EDGRESS_FLAGS);
if (manifests.length === 0) fail("EDGRESS_MANIFESTS is not set: files and folders of manifests, one per line");

const lint = run("lint", ...manifests, "--from", "edgress", "--format", "markdown", ...flags);
const plan = EDGRESS_PLAN === "true" ? run("plan", "--manifests", ...manifests, "--markdown", ...flags) : undefined;
const isFailed = lint.code !== 0 || (plan !== undefined && plan.code !== 0 && plan.code !== WOULD_CHANGE);

writeFileSync(EDGRESS_REPORT, `${[MARKER, ...formatPlan(plan), ...formatLint(lint)].join("\n")}\n`);
process.exitCode = isFailed ? 1 : 0;

function run(...args) {
  const [command, prefix] = EDGRESS_BIN ? [process.execPath, [EDGRESS_BIN]] : ["edgress", []];
  const { status, stdout, stderr, error } = spawnSync(command, [...prefix, ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (error) fail(`edgress was not started: ${error.message}`);
  process.stdout.write(`edgress ${args[0]}: exit code ${status}\n${stdout}`);
  process.stderr.write(stderr);
  return { code: status, markdown: stdout.replace(MARKER, "").trim(), problem: stderr.trim() };
}

function formatPlan(result) {
  if (!result)
    return [
      "### edgress plan: skipped",
      "",
      "This run has no access to the account, so manifests were linted only.",
      "",
    ];
  return result.markdown === ""
    ? ["### edgress plan: failed", "", ...formatCode(result.problem), ""]
    : [result.markdown, ""];
}

function formatLint({ code, markdown, problem }) {
  const isTooLong = markdown.length > MAX_LINT_LENGTH;
  const body = isTooLong
    ? `The report has ${markdown.length} characters. The log of this job has all of it.`
    : markdown;
  const title = `edgress lint: ${code === 0 ? "no error" : "errors"}`;
  return [
    `<details><summary>${title}</summary>`,
    "",
    body === "" ? formatCode(problem).join("\n") : body,
    "",
    "</details>",
  ];
}

/** A code block, whose fence is longer than any in the text. */
function formatCode(text) {
  const longestRun = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = "`".repeat(longestRun + 1);
  return [fence, text, fence];
}

function readLines(text = "") {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

function fail(problem) {
  console.error(`check: ${problem}`);
  process.exit(2);
}
