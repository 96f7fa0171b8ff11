import type { SqlExpression } from "./sql-syntax.ts";
import { SqlError, type SqlToken } from "./sql-tokens.ts";

/** Reads the tokens of a query in their order. */
export interface TokenReader {
  /** Returns the next token without taking it. */
  peek(): SqlToken;
  next(): SqlToken;
  /** Takes the next token if it is one of these keywords or symbols, and returns it in lower case. */
  take(...texts: string[]): string | undefined;
  /** Takes a keyword or symbol, which must be next. */
  expect(text: string): void;
}

export function createTokenReader(tokens: readonly SqlToken[]): TokenReader {
  const state = { position: 0 };
  const peek = (): SqlToken => tokens[state.position] ?? { type: "end", text: "" };
  const next = () => {
    const token = peek();
    state.position++;
    return token;
  };
  const take = (...texts: string[]) => {
    const { type, text } = peek();
    const lowerCase = text.toLowerCase();
    if ((type !== "word" && type !== "symbol") || !texts.includes(lowerCase)) return undefined;
    next();
    return lowerCase;
  };
  const expect = (text: string) => {
    if (take(text) === undefined)
      throw new SqlError(`unable to parse query: expected ${text.toUpperCase()}, got ${peek().text || "the end"}`);
  };
  return { peek, next, take, expect };
}

/** Binary operators, from the loosest to the tightest. */
const PRECEDENCE = [["or"], ["and"], ["=", "!=", "<>", "<", "<=", ">", ">="], ["+", "-"], ["*", "/"]] as const;

const INTERVAL_SECONDS: Readonly<Record<string, number>> = { second: 1, minute: 60, hour: 3600, day: 86_400 };

/** Reads one expression. */
export function parseExpression(reader: TokenReader, level = 0): SqlExpression {
  const operators = PRECEDENCE[level];
  if (!operators) return parseOperand(reader);
  if (level === 2 && reader.take("not")) return { kind: "not", operand: parseExpression(reader, level) };
  let left = parseExpression(reader, level + 1);
  for (;;) {
    const operator = reader.take(...operators);
    if (operator === undefined) return left;
    left = { kind: "operation", operator, left, right: parseExpression(reader, level + 1) };
  }
}

/** Reads a list of expressions, separated by commas. */
export function parseExpressions(reader: TokenReader): SqlExpression[] {
  const expressions = [parseExpression(reader)];
  while (reader.take(",")) expressions.push(parseExpression(reader));
  return expressions;
}

function parseOperand(reader: TokenReader): SqlExpression {
  if (reader.take("(")) {
    const expression = parseExpression(reader);
    reader.expect(")");
    return expression;
  }
  const token = reader.next();
  if (token.type === "number") return { kind: "literal", value: Number(token.text) };
  if (token.type === "string") return { kind: "literal", value: token.text };
  if (token.type !== "word") throw new SqlError(`unable to parse query near: ${token.text || "the end"}`);
  if (token.text.toLowerCase() === "interval") return parseInterval(reader);
  return reader.take("(") ? parseCall(token.text, reader) : { kind: "column", name: token.text };
}

function parseInterval(reader: TokenReader): SqlExpression {
  const count = Number(reader.next().text);
  const unit = reader.next().text;
  const seconds = INTERVAL_SECONDS[unit.toLowerCase()];
  if (seconds === undefined || !Number.isFinite(count)) throw new SqlError(`unsupported interval: ${unit}`);
  return { kind: "interval", seconds: count * seconds };
}

function parseCall(name: string, reader: TokenReader): SqlExpression {
  if (reader.take("distinct")) throw new SqlError(`unsupported: DISTINCT in ${name}()`);
  const isEmpty = reader.take(")") !== undefined;
  const parameters = isEmpty ? [] : parseExpressions(reader);
  if (!isEmpty) reader.expect(")");
  return { kind: "call", name: name.toLowerCase(), parameters };
}
