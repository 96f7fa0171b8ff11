/** Shorter texts are matched fast enough by V8's interpreter. */
const MAX_INTERPRETED_LENGTH = 100;
const startedRegexes = new WeakSet<RegExp>();

/**
 * Returns the regex, so that it can match a text. V8 interprets a regex at its first match and compiles it at the second
 * one, or for a text of 1,000 characters or more. The interpreter is about 5 times slower, so the first match of a
 * long text is the second one of its regex.
 */
export function startRegex(regex: RegExp, text: string): RegExp {
  if (text.length <= MAX_INTERPRETED_LENGTH || startedRegexes.has(regex)) return regex;
  startedRegexes.add(regex);
  regex.test("");
  return regex;
}
