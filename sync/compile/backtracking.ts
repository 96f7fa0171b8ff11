import recheck from "recheck/lib/browser.js";
import { type Parsed, parsed, refused } from "../../src/rules/parsed.ts";

const INSPECTION_LIMIT_MS = 2000;
// Paths that are matched are at most 4 KiB: squared, that is some 10 ms; cubed, a minute.
const MOST_POLYNOMIAL = 2;

/**
 * An inspector of expressions that remembers what it found, since an inspection takes some 50 ms. It refuses those whose
 * worst case grows exponentially, or faster than the square of the path's length.
 */
export function inspector(): (pattern: string) => Parsed<true> {
  const seen = new Map<string, Parsed<true>>();
  return (pattern) => {
    const known = seen.get(pattern) ?? inspect(pattern);
    seen.set(pattern, known);
    return known;
  };
}

function inspect(pattern: string): Parsed<true> {
  const found = recheck.checkSync(pattern, "i", { timeout: INSPECTION_LIMIT_MS });
  switch (found.status) {
    case "safe":
      return parsed(true);
    case "unknown":
      return refused("whether it can be matched in bounded time could not be found out");
    case "vulnerable": {
      if (found.complexity.type === "exponential") return refused("the time to match it can grow exponentially");
      const { degree } = found.complexity;
      if (degree <= MOST_POLYNOMIAL) return parsed(true);
      return refused(`the time to match it can grow with the path's length to the power of ${degree}`);
    }
  }
}
