import type { DataPoint, DatasetStore } from "./data-points.ts";
import type { SqlValue } from "./sql-comparisons.ts";
import { parseSql } from "./sql-parser.ts";
import { isAggregated, type SqlColumn, type SqlExpression, type SqlFormat, type SqlStatement } from "./sql-syntax.ts";
import { SqlError } from "./sql-tokens.ts";
import { findType, type SqlAliases, type SqlType } from "./sql-types.ts";
import { evaluateSql } from "./sql-values.ts";

/** The answer to a query, as text. */
export function runSql(query: string, datasets: DatasetStore, nowMs: number): string {
  const statement = parseSql(query);
  if (statement.kind === "tables") {
    const rows = datasets.names().map((name) => ({ dataset: name, type: "DATASET" }));
    return formatRows(
      rows,
      new Map([
        ["dataset", "String"],
        ["type", "String"],
      ]),
      statement.format,
    );
  }
  const names = datasets.names();
  if (!names.includes(statement.table)) throw new SqlError(`unable to find type of table: ${statement.table}`);
  const types = new Map(statement.columns.map(({ name, expression }) => [name, findType(expression, new Map())]));
  return formatRows(selectRows(statement, datasets.list(statement.table), nowMs), types, statement.format);
}

type Row = Readonly<Record<string, SqlValue>>;

function selectRows(
  { columns, where, groupBy, having, orderBy, limit }: Extract<SqlStatement, { kind: "select" }>,
  points: readonly DataPoint[],
  nowMs: number,
): Row[] {
  const aliases: SqlAliases = new Map(columns.map(({ name, expression }) => [name, expression]));
  for (const expression of [where, having, ...groupBy, ...orderBy.map((item) => item.expression)])
    if (expression) findType(expression, aliases);
  const compute = (expression: SqlExpression, group: readonly DataPoint[]) =>
    evaluateSql(expression, group, aliases, nowMs);
  const filteredPoints = where ? points.filter((point) => compute(where, [point])) : points;
  const groups = groupPoints(columns, groupBy, filteredPoints, compute).filter(
    (group) => !having || compute(having, group),
  );
  const sortedGroups = groups.sort((left, right) => {
    const orders = orderBy.map(
      ({ expression, isDescending }) =>
        compareValues(compute(expression, left), compute(expression, right)) * (isDescending ? -1 : 1),
    );
    return orders.find((order) => order !== 0) ?? 0;
  });
  return sortedGroups
    .slice(0, limit)
    .map((group) =>
      Object.fromEntries(
        columns.map(({ name, expression }) => [name, evaluateSql(expression, group, new Map(), nowMs)]),
      ),
    );
}

function compareValues(left: SqlValue, right: SqlValue): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function groupPoints(
  columns: readonly SqlColumn[],
  groupBy: readonly SqlExpression[],
  points: readonly DataPoint[],
  compute: (expression: SqlExpression, group: readonly DataPoint[]) => SqlValue,
): (readonly DataPoint[])[] {
  const isGrouped = groupBy.length > 0 || columns.some(({ expression }) => isAggregated(expression));
  if (!isGrouped) return points.map((point) => [point]);
  const ungrouped = columns.find((column) => !isAggregated(column.expression) && !isGroupKey(column, groupBy));
  if (ungrouped) throw new SqlError(`column must be in GROUP BY or in an aggregate function: ${ungrouped.name}`);
  if (groupBy.length === 0) return [points];
  const keyOf = (point: DataPoint) => JSON.stringify(groupBy.map((expression) => compute(expression, [point])));
  return [...Map.groupBy(points, keyOf).values()];
}

function isGroupKey({ name, expression }: SqlColumn, groupBy: readonly SqlExpression[]): boolean {
  if (expression.kind === "literal") return true;
  const key = JSON.stringify(expression);
  return groupBy.some((item) => (item.kind === "column" && item.name === name) || JSON.stringify(item) === key);
}

function formatRows(rows: readonly Row[], types: ReadonlyMap<string, SqlType>, format: SqlFormat): string {
  const data = rows.map((row) =>
    Object.fromEntries([...types].map(([name, type]) => [name, formatValue(row[name] ?? "", type)])),
  );
  switch (format) {
    case "JSON": {
      const meta = [...types].map(([name, type]) => ({ name, type }));
      return JSON.stringify({ meta, data, rows: data.length, rows_before_limit_at_least: data.length });
    }
    case "JSONEachRow":
      return data.map((row) => `${JSON.stringify(row)}\n`).join("");
    case "TabSeparated":
      return data.map((row) => `${Object.values(row).join("\t")}\n`).join("");
  }
}

/** Formats a value as ClickHouse does: 64-bit integers and times are text. */
function formatValue(value: SqlValue, type: SqlType): SqlValue {
  if (type === "UInt64") return String(value);
  if (type === "DateTime") return new Date(Number(value) * 1000).toISOString().slice(0, 19).replace("T", " ");
  return value;
}
