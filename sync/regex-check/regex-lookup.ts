import type { RegexVerdict, RegexVerdicts } from "../compile/regex-verdict.ts";
import { checkRegex } from "./check-regex.ts";

/** Creates verdicts that are made at their first use, in this thread: for commands that serve nothing while they run. */
export function createRegexLookup(): RegexVerdicts {
  const verdicts = new Map<string, RegexVerdict>();
  return {
    get(pattern) {
      const verdict = verdicts.get(pattern) ?? checkRegex(pattern);
      verdicts.set(pattern, verdict);
      return verdict;
    },
  };
}
