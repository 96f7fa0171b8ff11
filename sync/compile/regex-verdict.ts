/** The result of a regex check. */
export type RegexVerdict =
  /** Text of up to `maxBytes` bytes is matched fast enough: 4,096 for nearly all regexes. */
  | { readonly type: "safe"; readonly maxBytes: number }
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
