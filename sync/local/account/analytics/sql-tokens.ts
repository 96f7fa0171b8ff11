/** Thrown if a query is invalid, or uses what the local account does not support. */
export class SqlError extends Error {}

export interface SqlToken {
  readonly type: "word" | "string" | "number" | "symbol" | "end";
  readonly text: string;
}

const TOKEN = /(\s+)|([A-Za-z_]\w*)|'([^'\\]*)'|(\d+(?:\.\d+)?)|([<>!]=|<>|[-+*/=<>(),;])/y;

/** Splits a query into tokens. The last one is "end". A text must not contain a quote or a backslash. */
export function tokenizeSql(query: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  const pattern = new RegExp(TOKEN);
  while (pattern.lastIndex < query.length) {
    const start = pattern.lastIndex;
    const match = pattern.exec(query);
    if (!match) throw new SqlError(`unable to parse query near: ${query.slice(start, start + 20)}`);
    const token = readToken(match);
    if (token) tokens.push(token);
  }
  return [...tokens, { type: "end", text: "" }];
}

function readToken([, _space, word, string, number, symbol]: RegExpExecArray): SqlToken | undefined {
  if (word !== undefined) return { type: "word", text: word };
  if (string !== undefined) return { type: "string", text: string };
  if (number !== undefined) return { type: "number", text: number };
  return symbol === undefined ? undefined : { type: "symbol", text: symbol };
}
