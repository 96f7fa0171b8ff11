import recheck from "recheck/lib/browser.js";
import { failure, type Result, success } from "../../../src/rules/result.ts";

const INSPECTION_TIMEOUT_MS = 2000;
// Matched paths have at most 4 KiB: the square takes about 10 ms, the cube a minute.
const MAX_POLYNOMIAL_DEGREE = 2;

/**
 * Returns a regex inspector with a cache, because an inspection takes about 50 ms. It refuses a regex whose worst case
 * grows exponentially, or faster than the square of the path's length.
 */
export function createRegexInspector(timeoutMs = INSPECTION_TIMEOUT_MS): (pattern: string) => Result<true> {
  const results = new Map<string, Result<true>>();
  return (pattern) => {
    const result = results.get(pattern) ?? inspectRegex(pattern, timeoutMs);
    results.set(pattern, result);
    return result;
  };
}

function inspectRegex(pattern: string, timeoutMs: number): Result<true> {
  const analysis = recheck.checkSync(pattern, "i", { timeout: timeoutMs });
  switch (analysis.status) {
    case "safe":
      return success(true);
    case "unknown":
      return failure("the time to match it could not be bounded");
    case "vulnerable": {
      if (analysis.complexity.type === "exponential") return failure("the time to match it can grow exponentially");
      const { degree } = analysis.complexity;
      if (degree <= MAX_POLYNOMIAL_DEGREE) return success(true);
      return failure(`the time to match it can grow with the path's length to the power of ${degree}`);
    }
  }
}
