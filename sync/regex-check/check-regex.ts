import type { Diagnostics } from "recheck";
import recheck from "recheck/lib/browser.js";
import { MAX_QUADRATIC_SUBJECT_BYTES, MAX_REGEX_SUBJECT_BYTES } from "../../src/rules/paths.ts";
import type { RegexVerdict } from "../compile/regex-verdict.ts";
import { EDGE_FLAGS } from "./alphabet.ts";
import { dropLiteralPrefix } from "./literal-prefix.ts";
import { evaluate, type Polynomial } from "./polynomial.ts";
import { boundParts, boundSteps } from "./step-bound.ts";

/** Maximum duration of one check. The limits below end nearly every check earlier. */
export const CHECK_DEADLINE_MS = 5000;
// A path has up to 4 KiB for a linear regex and 1 KiB for a quadratic one. The cube of that takes a second.
const MAX_POLYNOMIAL_DEGREE = 2;
/** Maximum steps to match a path, which take less than 5 ms: a bound from the structure is 3 to 30 times the real number. */
const MAX_STEPS = 16 * MAX_QUADRATIC_SUBJECT_BYTES ** 2;
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
  const checkedPattern = dropLiteralPrefix(pattern);
  const steps = boundSteps(checkedPattern);
  const verdict = steps && judgeSteps(steps);
  if (verdict) return verdict;
  const hasFastParts = boundParts(checkedPattern)?.every((part) => judgeSteps(part) !== undefined) ?? false;
  return searchAttacks(checkedPattern, !hasFastParts, deadlineMs);
}

/** Returns a verdict if the bound is low enough. A high bound can be far above the real number. */
function judgeSteps(steps: Polynomial): RegexVerdict | undefined {
  if (steps[3] > 0 || evaluate(steps, MAX_QUADRATIC_SUBJECT_BYTES) > MAX_STEPS) return undefined;
  // A linear regex with many steps for each character is as slow as a quadratic one.
  const isLinear = steps[2] === 0 && evaluate(steps, MAX_REGEX_SUBJECT_BYTES) <= MAX_STEPS;
  return { type: "safe", degree: isLinear ? 1 : 2 };
}

/** Returns the worst verdict of all flags. With `needsProof`, a search that only tried texts does not accept the regex. */
function searchAttacks(pattern: string, needsProof: boolean, deadlineMs: number): RegexVerdict {
  let worstVerdict: RegexVerdict = { type: "safe", degree: 1 };
  for (const flags of EDGE_FLAGS) {
    const { verdict, isProven } = searchAttack(pattern, flags, deadlineMs);
    if (needsProof && verdict.type === "safe" && !isProven) return { type: "unsafe", problem: UNBOUNDED };
    if (verdict.type !== "safe") return verdict;
    if (verdict.degree === 2) worstVerdict = verdict;
  }
  return worstVerdict;
}

/** A verdict, and whether it follows from the automaton of the regex and not from texts that were tried. */
interface SearchVerdict {
  readonly verdict: RegexVerdict;
  readonly isProven: boolean;
}

function searchAttack(pattern: string, flags: string, deadlineMs: number): SearchVerdict {
  const analysis = recheck.checkSync(pattern, flags, { ...COUNTED_LIMITS, timeout: deadlineMs });
  return { verdict: toVerdict(analysis), isProven: analysis.checker === "automaton" };
}

function toVerdict(analysis: Diagnostics): RegexVerdict {
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
