import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { checkRegex } from "../../sync/regex-check/check-regex.ts";
import { degree, evaluate } from "../../sync/regex-check/polynomial.ts";
import { boundSteps } from "../../sync/regex-check/step-bound.ts";
import { countVisits, TooManyVisits } from "../support/regex-check/count-visits.ts";

const WORDS = "payments-backoffice-reporting-service/internal-exports/".repeat(40);
const LINEAR = { type: "safe", maxBytes: 4096 };

describe("The verdict on a regex does not depend on the length of its literal text", () => {
  for (const length of [10, 16, 32, 64, 100, 250, 500, 900]) {
    test(`${length} literal characters at the start, in the middle, at the end or in a group are safe`, () => {
      const text = WORDS.slice(0, length);
      for (const pattern of [
        `^/${text}(/|$)(.*)`,
        `^/v[0-9]+/${text}(/|$)(.*)`,
        `^/(.*)/${text}`,
        `^/(${text}|b)(/.*)?$`,
      ])
        assert.deepEqual(checkRegex(pattern), LINEAR, pattern);
    });
  }

  test("Two wildcards before a literal text are quadratic", () => {
    assert.deepEqual(checkRegex(`^/(.*)/api/(.*)/${WORDS.slice(0, 40)}$`), { type: "safe", maxBytes: 1024 });
  });
});

describe("The bound of a regex", () => {
  for (const [pattern, expected] of [
    ["^/a(/[^/]+)*/index\\.html$", 1],
    ["^/.{1000}.{1000}.{1000}.{1000}x1", 0],
    ["^/(?:[a-z]+/)*x$", 1],
    ["^/.*/api/.*", 1], // the last wildcard always matches
    ["^/.*a.*b1z", 2],
    ["^/.*a[^b]*b", 2],
    ["[0-9]+x", 2], // it starts at each character
    ["^/.*.*.*x", 3],
    ["^/a|.*.*x", 3], // the anchor belongs to the first alternative
    ["^/a|^/.*.*x", 2],
    ["^(?:/a|.*.*x)", 2],
    ["^/(foo|foobar)*/x", 1], // a text has one way, although two begin alike
    ["^/(a?)*b", 1],
    ["^/(a|a)*", 1], // it matches at once
    ["^/(?!.*\\.php$)(.*)$", 1],
    ["^/((?!x.*y).)*$", 2], // at each character, the rest of the text
    ["^/(?=.*.*a).*x", 2],
    ["^/.*(?<=a.*.*b)x", 3],
    ["^/\\bx", 0],
  ] as const) {
    test(`The steps of ${pattern} grow with the path's length to the power of ${expected}`, () => {
      const steps = boundSteps(pattern);
      assert.ok(typeof steps === "object", String(steps));
      assert.equal(degree(steps), expected);
    });
  }
  for (const pattern of ["^/(a+)+$", "^/(a|a)*b", "^/(a|aa)+$", "^/(a*)*b", "^/(a|b|ab)*c", "^/(a?b?)*c"]) {
    test(`A loop of ${pattern} has several ways for one text`, () => assert.equal(boundSteps(pattern), "ambiguous"));
  }
  for (const pattern of ["^/(a)\\1", "^(\\b)*b", "^/(", "^/(.{1000}){7}", "^/((?:a?|b?){5}){25}"]) {
    test(`${pattern} has no bound`, () => assert.equal(boundSteps(pattern), "not-analyzed"));
  }
});

const atoms = fc.constantFrom(
  "a",
  "b",
  "ab",
  ".",
  "[ab]",
  "[^a]",
  "(?:a|b)",
  "(?:ab|a)",
  "$",
  "\\d",
  "\\b",
  "\\B",
  "^",
);
const quantifiers = fc.constantFrom("", "", "", "*", "+", "?", "*?", "??", "{2}", "{0,3}", "{1,3}", "{2,}");
const { regexes } = fc.letrec<{ regexes: string; sequences: string; pieces: string }>((tie) => ({
  regexes: fc.array(tie("sequences"), { minLength: 1, maxLength: 3 }).map((branches) => branches.join("|")),
  sequences: fc.array(tie("pieces"), { maxLength: 4 }).map((pieces) => pieces.join("")),
  pieces: fc
    .tuple(
      fc.oneof(
        { maxDepth: 3 },
        { weight: 4, arbitrary: atoms },
        { weight: 2, arbitrary: tie("regexes").map((regex) => `(${regex})`) },
        {
          weight: 1,
          arbitrary: fc
            .tuple(fc.constantFrom("?=", "?!", "?<=", "?<!"), tie("regexes"))
            .map(([kind, regex]) => `(${kind}${regex})`),
        },
      ),
      quantifiers,
    )
    .map(([atom, quantifier]) => (/^(?:[$^]|\\[bB]|\(\?(?:[=!]|<[=!]))/.test(atom) ? atom : atom + quantifier)),
}));
const anchors = fc.constantFrom("", "^");
const texts = fc
  .array(fc.tuple(fc.constantFrom("a", "b", "ab", "aab", "1", "\n"), fc.integer({ min: 1, max: 8 })), { maxLength: 4 })
  .map((parts) => parts.map(([part, times]) => part.repeat(times)).join(""));
const MAX_VISITS = 20_000;

test("A search never takes more steps than the bound of its regex", { timeout: 120_000 }, () => {
  const counts = { bounded: 0, close: 0 };
  const isWithinBound = (pattern: string, text: string) => {
    const steps = boundSteps(pattern);
    if (typeof steps === "string" || degree(steps) === 3) return;
    const bound = evaluate(steps, text.length);
    const { matches, visits } = countVisitsUpTo(bound, pattern, text);
    assert.ok(visits <= bound, `${pattern} on ${JSON.stringify(text)}: ${visits} of ${bound}`);
    if (visits > MAX_VISITS) return;
    assert.equal(matches, new RegExp(pattern, "i").test(text), `${pattern} on ${JSON.stringify(text)}`);
    counts.bounded++;
    if (visits * 4 > bound) counts.close++;
  };
  const patterns = fc.tuple(anchors, regexes, fc.constantFrom("", "x")).map((parts) => parts.join(""));
  const numRuns = Number(process.env.REGEX_RUNS ?? 3000);
  fc.assert(fc.property(patterns, texts, isWithinBound), { numRuns, seed: 7 });
  assert.ok(counts.bounded > numRuns / 4, `${counts.bounded} bounded`);
  assert.ok(counts.close > numRuns / 20, `${counts.close} with a bound near the real number`);
});

/** Counts visits, but no more than decide whether they are within the bound. */
function countVisitsUpTo(bound: number, pattern: string, text: string) {
  try {
    return countVisits(pattern, text, Math.min(MAX_VISITS, bound));
  } catch (error) {
    if (!(error instanceof TooManyVisits)) throw error;
    return { matches: false, visits: bound < MAX_VISITS ? bound + 1 : MAX_VISITS + 1 };
  }
}
