import type { RegexVerdict, RegexVerdicts } from "../compile/regex-verdict.ts";
import { CHECK_DEADLINE_MS, checkRegex } from "./check-regex.ts";

/** Creates verdicts that are made at their first use, in this thread: for commands that serve nothing while they run. */
export function createRegexLookup(deadlineMs = CHECK_DEADLINE_MS): RegexVerdicts {
  const verdicts = new Map<string, RegexVerdict>();
  return {
    get(pattern) {
      const verdict = verdicts.get(pattern) ?? checkRegex(pattern, deadlineMs);
      verdicts.set(pattern, verdict);
      return verdict;
    },
  };
}
