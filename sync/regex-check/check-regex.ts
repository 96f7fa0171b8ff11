import { MAX_QUADRATIC_SUBJECT_BYTES, MAX_REGEX_SUBJECT_BYTES } from "../../src/rules/paths.ts";
import type { RegexVerdict } from "../compile/regex-verdict.ts";
import { evaluate } from "./polynomial.ts";
import { boundSteps, type Unbounded } from "./step-bound.ts";

/** Maximum steps to match a path. A step takes up to 2.5 ns, so that no match takes longer than some 5 ms. */
const MAX_STEPS = 4 * MAX_QUADRATIC_SUBJECT_BYTES ** 2;
/** V8 does not compile a regex for its first match if the text is shorter than this. Then a step takes up to 25 ns. */
const MAX_INTERPRETED_LENGTH = 100;
const MAX_INTERPRETED_STEPS = MAX_STEPS / 20;

const PROBLEMS: Readonly<Record<Unbounded, string>> = {
  ambiguous: "the time to match it can grow exponentially",
  "not-analyzed": "the time to match it could not be bounded",
};

/**
 * Checks the worst time to match a regex. A path has up to 4 KiB for a linear regex and 1 KiB for a quadratic one. The
 * cube of that would take a second. A change of verdicts needs a new version in `stored-verdicts.ts`.
 */
export function checkRegex(pattern: string): RegexVerdict {
  const steps = boundSteps(pattern);
  if (typeof steps === "string") return { type: "unsafe", problem: PROBLEMS[steps] };
  const [, , square, cube] = steps;
  if (cube > 0)
    return {
      type: "unsafe",
      problem: "the time to match it can grow with the path's length to the power of 3 or more",
    };
  const isInterpretedFast = evaluate(steps, MAX_INTERPRETED_LENGTH) <= MAX_INTERPRETED_STEPS;
  if (!isInterpretedFast || evaluate(steps, MAX_QUADRATIC_SUBJECT_BYTES) > MAX_STEPS)
    return { type: "unsafe", problem: "to match it can take too many steps" };
  // A linear regex with many steps for each character is as slow as a quadratic one.
  const isLinear = square === 0 && evaluate(steps, MAX_REGEX_SUBJECT_BYTES) <= MAX_STEPS;
  return { type: "safe", degree: isLinear ? 1 : 2 };
}
