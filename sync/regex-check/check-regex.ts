import { MAX_QUADRATIC_SUBJECT_BYTES, MAX_REGEX_SUBJECT_BYTES } from "../../src/rules/paths.ts";
import type { RegexVerdict } from "../compile/regex-verdict.ts";
import { evaluate } from "./polynomial.ts";
import { boundSteps, type Unbounded } from "./step-bound.ts";

/** Maximum steps to match a path. A step takes 0.2 to 0.6 ns in usual regexes, up to 1.7 ns in others. */
const MAX_STEPS = 5 * MAX_QUADRATIC_SUBJECT_BYTES ** 2;
/** Texts up to this length are interpreted at the first match (`startRegex`), with up to 7 ns a step. */
const MAX_INTERPRETED_LENGTH = 100;
const MAX_INTERPRETED_STEPS = MAX_STEPS / 10;

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
