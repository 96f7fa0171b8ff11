/** Formats a path inside a document: `claims[0].hosts`. The document itself is "". */
export function formatFieldPath(path: readonly PropertyKey[]): string {
  const field = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
  return field.replace(/^\./, "");
}
