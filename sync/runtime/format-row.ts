const NAME_WIDTH = 11;

/** Formats a name and a value as one line of a table. */
export function formatRow(name: string, value: string): string {
  return `${name.padEnd(NAME_WIDTH)}${value}`;
}
