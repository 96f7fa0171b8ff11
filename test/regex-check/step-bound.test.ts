import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import recheck from "recheck/lib/browser.js";
import { checkRegex } from "../../sync/regex-check/check-regex.ts";
import { boundSteps } from "../../sync/regex-check/step-bound.ts";

const WORDS = "payments-backoffice-reporting-service/internal-exports/".repeat(40);
const LINEAR = { type: "safe", degree: 1 };
const NO_TIME_MS = 1;

describe("The verdict on a regex does not depend on the length of its literal text", () => {
  for (const length of [10, 16, 32, 64, 100, 250, 500, 1000, 2000]) {
    test(`${length} literal characters at the start, in the middle, at the end or in a group are safe at once`, () => {
      const text = WORDS.slice(0, length);
      // No time is left to search: the structure alone decides, however fast the machine is.
      for (const pattern of [
        `^/${text}(/|$)(.*)`,
        `^/v[0-9]+/${text}(/|$)(.*)`,
        `^/(.*)/${text}`,
        `^/(${text}|b)(/.*)?$`,
      ])
        assert.deepEqual(checkRegex(pattern, NO_TIME_MS), LINEAR, pattern);
    });
  }
});

describe("The bound of a regex", () => {
  for (const [pattern, degree] of [
    ["^/a(/[^/]+)*/index\\.html$", 1],
    ["^/.{1000}.{1000}.{1000}.{1000}x1", 0],
    ["^/(?:[a-z]+/)*x$", 1],
    ["^/.*/api/.*", 1], // the last wildcard always matches
    ["^/.*a.*b1z", 2],
    ["^/.*a[^b]*b", 2],
    ["[0-9]+x", 2], // it starts at each character
    ["^/.*.*.*x", 3],
    ["^/a|.*.*x", 3], // the anchor belongs to the first alternative
    ["^(?:/a|.*.*x)", 2],
  ] as const) {
    test(`The steps of ${pattern} grow with the path's length to the power of ${degree}`, () => {
      const steps = boundSteps(pattern);
      assert.equal(
        steps?.findLastIndex((coefficient) => coefficient > 0),
        degree,
      );
    });
  }
  for (const pattern of [
    "^/(a+)+$",
    "^/(a|a)*b",
    "^/(a|aa)+$",
    "^/(a?|b?)c",
    "^/(a*)*b",
    "^/\\bx",
    "^/(?=a)b",
    "^/(a)\\1",
    "^(a?){9}b",
  ]) {
    test(`The structure of ${pattern} shows no bound`, () => assert.equal(boundSteps(pattern), undefined));
  }
});

/** The automaton gives the exact growth. Large ones are left out, because they take long. */
const EXACT = { checker: "automaton", timeout: 1000, attackLimit: 1000, maxAttackStringSize: 1000 } as const;
const atoms = fc.constantFrom("a", "b", "ab", ".", "[ab]", "[^a]", "(?:a|b)", "(?:ab|a)", "$", "\\d");
const quantifiers = fc.constantFrom("", "", "", "*", "+", "?", "*?", "{2}", "{1,3}", "{2,}");
const { regexes } = fc.letrec<{ regexes: string; sequences: string; pieces: string }>((tie) => ({
  regexes: fc.array(tie("sequences"), { minLength: 1, maxLength: 2 }).map((branches) => branches.join("|")),
  sequences: fc.array(tie("pieces"), { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join("")),
  pieces: fc
    .tuple(
      fc.oneof(
        { maxDepth: 2 },
        atoms,
        tie("regexes").map((regex) => `(${regex})`),
      ),
      quantifiers,
    )
    .map(([atom, quantifier]) => (atom === "$" ? atom : atom + quantifier)),
}));

test("The bound of a regex is never below the growth that a search for slow texts finds", { timeout: 120_000 }, () => {
  let compared = 0;
  const growsWithin = (regex: string) => {
    const steps = boundSteps(`^/(?:${regex})x`);
    if (!steps) return;
    const analysis = recheck.checkSync(`^/(?:${regex})x`, "i", EXACT);
    if (analysis.status !== "vulnerable") return;
    compared++;
    assert.equal(analysis.complexity.type, "polynomial", regex);
    const degree = steps.findLastIndex((coefficient) => coefficient > 0);
    assert.ok(analysis.complexity.type === "polynomial" && Math.min(analysis.complexity.degree, 3) <= degree, regex);
  };
  fc.assert(fc.property(regexes, growsWithin), { numRuns: Number(process.env.REGEX_RUNS ?? 150), seed: 7 });
  assert.ok(compared > 0, `${compared} compared`);
});
