import assert from "node:assert/strict";
import { test } from "node:test";
import recheck from "recheck/lib/browser.js";
import { listFiles, readSource } from "../support/sources.ts";

const CHECK_TIMEOUT_MS = 120_000; // a busy machine needs more than 30 s for some
const COMMENT = /\/\*[\s\S]*?\*\/|^\s*\/\/[^\n]*$/gm;
// A slash after an operator or an opening bracket begins a regex literal; after a value it divides.
const REGEX_LITERAL =
  /(?<=[(=,:?&|!>[]\s{0,20}|return )\/(?![*/])((?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/([dgimsuvy]*)/g;

/** Checks a regex without its upper limits first, because these make the check slow. */
function checkRegex(pattern: string, flags: string) {
  const options = { timeout: CHECK_TIMEOUT_MS };
  const unlimited = recheck.checkSync(pattern.replace(/\{\d+,?\d*\}/g, "*"), flags, options);
  return unlimited.status === "safe" ? unlimited : recheck.checkSync(pattern, flags, options);
}

/** The regexes of a source that take more than linear time, each with an input that shows it. */
function findSlowRegexes(source: string): string[] {
  return [...source.replace(COMMENT, "").matchAll(REGEX_LITERAL)].flatMap(([literal, pattern = "", flags = ""]) => {
    if (!/[*+{]/.test(pattern)) return []; // no repetition
    const analysis = checkRegex(pattern, flags);
    if (analysis.status === "safe") return [];
    return [analysis.status === "vulnerable" ? `${literal} with ${analysis.attack.pattern}` : `${literal}: unknown`];
  });
}

test("The check finds a quadratic regex", () => {
  const [problem] = findSlowRegexes('const value = /^(.*?)\\s*$/.exec(header); // "a" and spaces');
  assert.match(problem ?? "", /^\/\^\(\.\*\?\)\\s\*\$\/ with /);
});

for (const [subject, pattern] of [
  ["edge", "src/*.ts"],
  ["controller and the commands", "sync/*.ts"], // they read annotations, manifests and Secrets of tenants
] as const) {
  test(`Every regex of the ${subject} takes linear time on its worst input`, () => {
    const slowRegexes = listFiles(pattern).flatMap((path) =>
      findSlowRegexes(readSource(path)).map((problem) => `${path}: ${problem}`),
    );
    assert.deepEqual(slowRegexes, []);
  });
}
