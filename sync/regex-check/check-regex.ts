import { MAX_REGEX_SUBJECT_BYTES } from "../../src/rules/paths.ts";
import type { RegexVerdict } from "../compile/regex-verdict.ts";
import { evaluate } from "./polynomial.ts";
import { boundSteps, type Unbounded } from "./step-bound.ts";

/** Maximum steps of a match: 5 ms. A step takes 0.2 to 0.6 ns in usual regexes, up to 1.7 ns in others. */
const MAX_STEPS = 3_000_000;
/** Lengths of text for which a regex can be accepted. The second one is for usual quadratic regexes. */
const SUBJECT_BYTES = [MAX_REGEX_SUBJECT_BYTES, 1024, 768, 512];
/** Texts up to this length are interpreted at the first match (`warmUpRegex`), with up to 7 ns a step. */
const MAX_INTERPRETED_LENGTH = 100;
const MAX_INTERPRETED_STEPS = 500_000;

const PROBLEMS: Readonly<Record<Unbounded, string>> = {
  ambiguous: "the time to match it can grow exponentially",
  "not-analyzed": "the time to match it could not be bounded",
};

/** Checks the worst time to match a regex. A change of verdicts needs a new version in `stored-verdicts.ts`. */
export function checkRegex(pattern: string): RegexVerdict {
  const steps = boundSteps(pattern);
  if (typeof steps === "string") return { type: "unsafe", problem: PROBLEMS[steps] };
  if (steps[3] > 0)
    return {
      type: "unsafe",
      problem: "the time to match it can grow with the path's length to the power of 3 or more",
    };
  const maxBytes = SUBJECT_BYTES.find((length) => evaluate(steps, length) <= MAX_STEPS);
  return maxBytes !== undefined && evaluate(steps, MAX_INTERPRETED_LENGTH) <= MAX_INTERPRETED_STEPS
    ? { type: "safe", maxBytes }
    : { type: "unsafe", problem: "to match it can take too many steps" };
}
