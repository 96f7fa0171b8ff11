import recheck from "recheck/lib/browser.js";
import type { RegexVerdict } from "../compile/regex-verdict.ts";
import { EDGE_FLAGS } from "./alphabet.ts";
import { dropLiteralPrefix } from "./literal-prefix.ts";
import { evaluate } from "./polynomial.ts";
import { boundSteps } from "./step-bound.ts";

/** Maximum duration of one check. The limits below end nearly every check earlier. */
export const CHECK_DEADLINE_MS = 5000;
// Matched paths have at most 4 KiB: the square takes about 10 ms, the cube a minute.
const MAX_POLYNOMIAL_DEGREE = 2;
const MAX_PATH_CHARACTERS = 4096;
/** Maximum steps to match a path: a bound from the structure is some times higher than the real number. */
const MAX_STEPS = 16 * MAX_PATH_CHARACTERS ** 2;
// Counts end a check, not times: a slow or busy machine gets the same verdicts. 20 million steps take about 0.5 s.
const COUNTED_LIMITS = {
  attackLimit: 20_000_000,
  maxAttackStringSize: 10_000,
  attackTimeout: null,
  incubationTimeout: null,
  seedingTimeout: null,
};

/**
 * Checks the worst time to match a regex. It refuses a time that grows exponentially, or faster than the square of the
 * text's length. The structure decides nearly always; else the pattern is searched for a text that takes long.
 */
export function checkRegex(pattern: string, deadlineMs = CHECK_DEADLINE_MS): RegexVerdict {
  return checkStructure(pattern) ?? searchAttacks(pattern, deadlineMs);
}

function checkStructure(pattern: string): RegexVerdict | undefined {
  const steps = boundSteps(pattern);
  if (!steps || steps[3] > 0 || evaluate(steps, MAX_PATH_CHARACTERS) > MAX_STEPS) return undefined;
  return { type: "safe", degree: steps[2] > 0 ? 2 : 1 };
}

/** Returns the worst verdict of all flags. */
function searchAttacks(pattern: string, deadlineMs: number): RegexVerdict {
  let worstVerdict: RegexVerdict = { type: "safe", degree: 1 };
  for (const flags of EDGE_FLAGS) {
    const verdict = searchAttack(pattern, flags, deadlineMs);
    if (verdict.type !== "safe") return verdict;
    if (verdict.degree === 2) worstVerdict = verdict;
  }
  return worstVerdict;
}

function searchAttack(pattern: string, flags: string, deadlineMs: number): RegexVerdict {
  const analysis = recheck.checkSync(dropLiteralPrefix(pattern), flags, { ...COUNTED_LIMITS, timeout: deadlineMs });
  switch (analysis.status) {
    case "safe":
      return { type: "safe", degree: 1 };
    case "unknown":
      return analysis.error.kind === "timeout" ? DEADLINE_EXCEEDED : { type: "unsafe", problem: UNBOUNDED };
    case "vulnerable": {
      if (analysis.complexity.type === "exponential")
        return { type: "unsafe", problem: "the time to match it can grow exponentially" };
      const { degree } = analysis.complexity;
      if (degree <= MAX_POLYNOMIAL_DEGREE) return { type: "safe", degree: 2 };
      return {
        type: "unsafe",
        problem: `the time to match it can grow with the path's length to the power of ${degree}`,
      };
    }
  }
}

const UNBOUNDED = "the time to match it could not be bounded";

/** The verdict on a regex whose check did not end in time. */
export const DEADLINE_EXCEEDED: RegexVerdict = {
  type: "unknown",
  problem: `the check of its time to match did not end within ${CHECK_DEADLINE_MS / 1000} s; it is repeated later`,
};
