const MAX_SHOWN = 10;

/** Returns the first lines, and a line that counts the others. */
export function foldLines(
  lines: readonly string[],
  format: (hiddenCount: number) => string,
  maxShown: number = MAX_SHOWN,
): string[] {
  const hiddenCount = lines.length - maxShown;
  // One hidden line is not shorter than the line that counts it.
  return hiddenCount <= 1 ? [...lines] : [...lines.slice(0, maxShown), format(hiddenCount)];
}

/** Joins the first names as one text, and counts the others: "a, b and 3 more". */
export function foldNames(names: readonly string[], maxShown: number = MAX_SHOWN): string {
  const hiddenCount = names.length - maxShown;
  return hiddenCount > 0 ? `${names.slice(0, maxShown).join(", ")} and ${hiddenCount} more` : names.join(", ");
}
