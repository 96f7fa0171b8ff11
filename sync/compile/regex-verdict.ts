/** The result of a regex check: how the worst time to match grows with the length of the text. */
export type RegexVerdict =
  /** Degree 1: linear, so paths have up to 4 KiB. Degree 2: quadratic or as slow, so paths have up to 1 KiB. */
  | { readonly type: "safe"; readonly degree: 1 | 2 }
  | { readonly type: "unsafe"; readonly problem: string }
  /** The check did not end within its deadline. It is repeated later. */
  | { readonly type: "unknown"; readonly problem: string };

/** Verdicts by pattern. Undefined if the pattern was not checked. */
export interface RegexVerdicts {
  readonly get: (pattern: string) => RegexVerdict | undefined;
}

/** A regex in the rules, and the namespace whose budget pays for its check. */
export interface RegexUse {
  readonly namespace: string;
  readonly pattern: string;
}
