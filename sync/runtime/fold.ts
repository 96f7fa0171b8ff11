const MAX_SHOWN = 10;

/** Returns the first 10 lines, and a line that counts the others. */
export function foldLines(lines: readonly string[], format: (hiddenCount: number) => string): string[] {
  const hiddenCount = lines.length - MAX_SHOWN;
  // One hidden line is not shorter than the line that counts it.
  return hiddenCount <= 1 ? [...lines] : [...lines.slice(0, MAX_SHOWN), format(hiddenCount)];
}

/** Returns the first 10 names as one text: "a, b and 3 more". */
export function foldNames(names: readonly string[]): string {
  const hiddenCount = names.length - MAX_SHOWN;
  if (hiddenCount <= 1) return names.join(", ");
  return `${names.slice(0, MAX_SHOWN).join(", ")} and ${hiddenCount} more`;
}
