import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { success } from "../../src/rules/result.ts";
import { buildSearchRegex } from "../../sync/compile/hosts/regex.ts";
import { checkRegex } from "../../sync/regex-check/check-regex.ts";

/** Converts a regex of `canary-by-header-pattern` or of a certificate's subject. */
function build(pattern: string) {
  return buildSearchRegex(pattern, (regex) => {
    const verdict = checkRegex(regex);
    return verdict.type === "safe" ? success(verdict.maxBytes) : { ok: false, problem: verdict.problem };
  });
}

for (const [pattern, expected] of [
  [
    ".*(Android|iPhone|iPad|Mobile|BlackBerry|Windows Phone).*",
    "(Android|iPhone|iPad|Mobile|BlackBerry|Windows Phone).*",
  ],
  [".*.*beta", "beta"],
  [".*?beta", ".*?beta"],
  ["^.*beta", "^.*beta"],
] as const)
  test(`The search for ${pattern} is one for ${expected}`, () => assert.deepEqual(build(pattern), success(expected)));

test("A wildcard at the start of a search changes no answer", () => {
  const bodies = fc.constantFrom("a", "^a", "a|b", "|a", "(?:ab)+$", "\\bb", "(?<=a)b", "(?!a)", "a{2}");
  const texts = fc.string({ unit: fc.constantFrom("a", "b", "\n"), maxLength: 8 });
  const haveEqualAnswers = (body: string, text: string) => {
    const result = build(`.*${body}`);
    assert.ok(result.ok, body);
    assert.equal(new RegExp(result.value).test(text), new RegExp(`.*${body}`).test(text), `${body} in ${text}`);
  };
  fc.assert(fc.property(bodies, texts, haveEqualAnswers), { numRuns: 500 });
});

test("A search that can take too many steps for 1,024 bytes is refused", () => {
  assert.deepEqual(build("(?:a|b)*c|(?:a|b)*d"), {
    ok: false,
    problem: "to match it can take too many steps for a text of 1024 bytes",
  });
});
