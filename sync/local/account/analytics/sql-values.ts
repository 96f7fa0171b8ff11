import type { DataPoint } from "./data-points.ts";
import { COMPARISONS, type SqlValue } from "./sql-comparisons.ts";
import { AGGREGATES, type SqlExpression } from "./sql-syntax.ts";
import type { SqlAliases } from "./sql-types.ts";

/** Returns the value of an expression for a group of points. A column has the value of its first point. */
export function evaluateSql(
  expression: SqlExpression,
  points: readonly DataPoint[],
  aliases: SqlAliases,
  nowMs: number,
): SqlValue {
  const compute = (inner: SqlExpression, some: readonly DataPoint[] = points) =>
    evaluateSql(inner, some, aliases, nowMs);
  switch (expression.kind) {
    case "column": {
      const alias = aliases.get(expression.name);
      if (alias) return evaluateSql(alias, points, new Map(), nowMs);
      const [point] = points;
      return point ? readColumn(point, expression.name) : "";
    }
    case "literal":
      return expression.value;
    case "interval":
      return expression.seconds;
    case "not":
      return compute(expression.operand) ? 0 : 1;
    case "operation":
      return calculate(expression.operator, compute(expression.left), compute(expression.right));
    case "call":
      if (AGGREGATES.has(expression.name))
        return aggregate(expression, points, (inner, point) => compute(inner, [point]));
      return callFunction(
        expression.name,
        expression.parameters.map((parameter) => compute(parameter)),
        nowMs,
      );
  }
}

function readColumn(point: DataPoint, name: string): SqlValue {
  const number = Number(/\d{1,2}$/.exec(name)?.[0]);
  if (name.startsWith("blob")) return point.blobs[number - 1] ?? "";
  if (name.startsWith("double")) return point.doubles[number - 1] ?? 0;
  if (name === "index1") return point.index;
  if (name === "dataset") return point.dataset;
  return name === "timestamp" ? Math.floor(point.timestamp / 1000) : point.sampleInterval;
}

function calculate(operator: string, left: SqlValue, right: SqlValue): SqlValue {
  const compare = COMPARISONS[operator];
  if (compare) return compare(left, right) ? 1 : 0;
  const [a, b] = [Number(left), Number(right)];
  switch (operator) {
    case "and":
      return a && b ? 1 : 0;
    case "or":
      return a || b ? 1 : 0;
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    default:
      return a / b;
  }
}

function aggregate(
  { name, parameters: [parameter] }: Extract<SqlExpression, { kind: "call" }>,
  points: readonly DataPoint[],
  compute: (expression: SqlExpression, point: DataPoint) => SqlValue,
): SqlValue {
  if (!parameter) return points.length;
  const values = points.map((point) => compute(parameter, point));
  const sum = values.reduce<number>((total, value) => total + Number(value), 0);
  if (name === "sum") return sum;
  if (name === "avg") return sum / values.length;
  const sorted = [...values].sort((left, right) => (left < right ? -1 : 1));
  return (name === "min" ? sorted[0] : sorted.at(-1)) ?? 0;
}

function callFunction(name: string, values: readonly SqlValue[], nowMs: number): SqlValue {
  const [first = "", second = "", third = ""] = values;
  if (name === "now") return Math.floor(nowMs / 1000);
  if (name === "if") return first ? second : third;
  if (typeof first === "number" || /^\d+$/.test(first)) return Number(first); // toDateTime
  return Math.floor(Date.parse(`${first.replace(" ", "T")}Z`) / 1000);
}
