import { COMPARISONS } from "./sql-comparisons.ts";
import type { SqlExpression } from "./sql-syntax.ts";
import { SqlError } from "./sql-tokens.ts";

/** Types of values, as an answer names them. A `DateTime` is in seconds since 1970. */
export type SqlType = "String" | "UInt8" | "UInt32" | "UInt64" | "Float64" | "DateTime";

/** The expressions of a query by their aliases. */
export type SqlAliases = ReadonlyMap<string, SqlExpression>;

/** Returns the type of a column of every dataset. */
function findColumnType(name: string): SqlType {
  if (name === "dataset" || name === "index1" || /^blob([1-9]|1\d|20)$/.test(name)) return "String";
  if (name === "timestamp") return "DateTime";
  if (name === "_sample_interval") return "UInt32";
  if (/^double([1-9]|1\d|20)$/.test(name)) return "Float64";
  throw new SqlError(`unable to find type of column: ${name}`);
}

/** Returns the type of an expression. Throws if it has an unknown column or function. */
export function findType(expression: SqlExpression, aliases: SqlAliases): SqlType {
  switch (expression.kind) {
    case "column": {
      const alias = aliases.get(expression.name);
      return alias ? findType(alias, new Map()) : findColumnType(expression.name);
    }
    case "literal":
      if (typeof expression.value === "string") return "String";
      return Number.isInteger(expression.value) ? "UInt64" : "Float64";
    case "interval":
      return "UInt64";
    case "not":
      return "UInt8";
    case "operation":
      return findOperationType(expression, aliases);
    case "call":
      return findCallType(expression.name, expression.parameters, aliases);
  }
}

function findOperationType(
  { operator, left, right }: Extract<SqlExpression, { kind: "operation" }>,
  aliases: SqlAliases,
): SqlType {
  const types = [findType(left, aliases), findType(right, aliases)];
  if (operator === "and" || operator === "or") return "UInt8";
  if (operator in COMPARISONS) {
    if (types.includes("String") && types.some((type) => type !== "String" && type !== "DateTime"))
      throw new SqlError(`cannot compare ${types.join(" with ")}`);
    return "UInt8";
  }
  if (types.includes("String")) throw new SqlError(`cannot calculate with String: ${operator}`);
  if (types.includes("DateTime")) return "DateTime";
  return operator === "/" || types.includes("Float64") ? "Float64" : "UInt64";
}

/** Types of the functions by those of their parameters; undefined if there is no such call. */
const CALL_TYPES: Readonly<Record<string, (...types: SqlType[]) => SqlType | undefined>> = {
  count: (...types) => (types.length === 0 ? "UInt64" : undefined),
  now: (...types) => (types.length === 0 ? "DateTime" : undefined),
  if: (_condition, left, right) => joinTypes(left, right),
  sum: (type) => (type?.startsWith("UInt") ? "UInt64" : toNumber(type)),
  avg: (type) => toNumber(type),
  min: (type) => type,
  max: (type) => type,
  todatetime: (type) => type && "DateTime",
};

function joinTypes(left: SqlType | undefined, right: SqlType | undefined): SqlType | undefined {
  if (left === right) return left;
  const numbers = [toNumber(left), toNumber(right)];
  if (numbers.includes(undefined)) return undefined;
  return left === "Float64" || right === "Float64" ? "Float64" : "UInt64";
}

function toNumber(type: SqlType | undefined): SqlType | undefined {
  return type === "String" || type === "DateTime" ? undefined : type && "Float64";
}

function findCallType(name: string, parameters: readonly SqlExpression[], aliases: SqlAliases): SqlType {
  const types = parameters.map((parameter) => findType(parameter, aliases));
  const findCall = CALL_TYPES[name];
  if (!findCall) throw new SqlError(`unsupported function: ${name}`);
  const type = types.length > findCall.length && findCall.length > 0 ? undefined : findCall(...types);
  if (!type) throw new SqlError(`unsupported parameters of ${name}(): ${types.join(", ") || "none"}`);
  return type;
}
