/** Joins the first items of a list, and counts the others: "a, b and 3 more". */
export function foldList(items: readonly string[], maxItems: number): string {
  const restCount = items.length - maxItems;
  return restCount > 0 ? `${items.slice(0, maxItems).join(", ")} and ${restCount} more` : items.join(", ");
}
