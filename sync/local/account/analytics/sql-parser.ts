import { createTokenReader, parseExpression, parseExpressions, type TokenReader } from "./sql-expressions.ts";
import type { SqlColumn, SqlFormat, SqlStatement } from "./sql-syntax.ts";
import { SqlError, tokenizeSql } from "./sql-tokens.ts";

const FORMATS: Readonly<Record<string, SqlFormat>> = {
  json: "JSON",
  jsoneachrow: "JSONEachRow",
  tabseparated: "TabSeparated",
};

/** Reads a query: SELECT from one dataset, or SHOW TABLES. Throws a `SqlError` if the query is another one. */
export function parseSql(query: string): SqlStatement {
  const reader = createTokenReader(tokenizeSql(query));
  const statement = reader.take("show") ? parseShow(reader) : parseSelect(reader);
  const format = reader.take("format") ? parseFormat(reader) : "JSON";
  reader.take(";");
  const { type, text } = reader.peek();
  if (type !== "end") throw new SqlError(`unsupported in a query: ${text}`);
  return { ...statement, format };
}

type Unformatted<T> = T extends unknown ? Omit<T, "format"> : never;

function parseShow(reader: TokenReader): Unformatted<SqlStatement> {
  reader.expect("tables");
  return { kind: "tables" };
}

function parseFormat(reader: TokenReader): SqlFormat {
  const { text } = reader.next();
  const format = FORMATS[text.toLowerCase()];
  if (!format) throw new SqlError(`unsupported FORMAT: ${text}`);
  return format;
}

function parseSelect(reader: TokenReader): Unformatted<SqlStatement> {
  reader.expect("select");
  const columns = parseColumns(reader);
  reader.expect("from");
  const table = reader.next();
  if (table.type !== "word") throw new SqlError(`unsupported FROM: ${table.text || "the end"}`);
  const where = reader.take("where") ? parseExpression(reader) : undefined;
  const groupBy = reader.take("group") ? parseAfterBy(reader, () => parseExpressions(reader)) : [];
  const having = reader.take("having") ? parseExpression(reader) : undefined;
  const orderBy = reader.take("order") ? parseAfterBy(reader, () => parseOrder(reader)) : [];
  const limit = reader.take("limit") ? Number(reader.next().text) : undefined;
  return {
    kind: "select",
    columns,
    table: table.text,
    ...(where && { where }),
    groupBy,
    ...(having && { having }),
    orderBy,
    ...(limit !== undefined && { limit }),
  };
}

function parseColumns(reader: TokenReader): SqlColumn[] {
  const columns: SqlColumn[] = [];
  do {
    const start = reader.peek().text;
    const expression = parseExpression(reader);
    const name = reader.take("as") ? reader.next().text : expression.kind === "column" ? expression.name : `${start}()`;
    columns.push({ name, expression });
  } while (reader.take(","));
  return columns;
}

function parseAfterBy<T>(reader: TokenReader, parse: () => T): T {
  reader.expect("by");
  return parse();
}

function parseOrder(reader: TokenReader) {
  const items: { expression: ReturnType<typeof parseExpression>; isDescending: boolean }[] = [];
  do {
    const expression = parseExpression(reader);
    items.push({ expression, isDescending: reader.take("asc", "desc") === "desc" });
  } while (reader.take(","));
  return items;
}
