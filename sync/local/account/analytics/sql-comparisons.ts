/** A value of a query. */
export type SqlValue = string | number;

/** The operators that compare two values. */
export const COMPARISONS: Readonly<Record<string, (left: SqlValue, right: SqlValue) => boolean>> = {
  "=": (left, right) => left === right,
  "!=": (left, right) => left !== right,
  "<>": (left, right) => left !== right,
  "<": (left, right) => left < right,
  "<=": (left, right) => left <= right,
  ">": (left, right) => left > right,
  ">=": (left, right) => left >= right,
};
