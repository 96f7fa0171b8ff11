import { failure, type Result, success } from "./result.ts";

/** A token of nginx configuration. A Lua block is one token, because it has another syntax. */
export type NginxToken =
  | { readonly type: "word"; readonly text: string } // without quotes
  | { readonly type: ";" | "{" | "}" }
  | { readonly type: "lua"; readonly text: string };

interface TokenAt {
  readonly token: NginxToken;
  readonly end: number;
}

const WHITESPACE = " \t\r\n";
const LUA_BLOCK_SUFFIX = "_by_lua_block";

/**
 * Splits a text into tokens as nginx does. It refuses escapes, braces inside words and all other rare syntax, because a
 * text that nginx splits in another way could hide a directive.
 */
export function tokenizeNginxConfig(text: string): Result<readonly NginxToken[]> {
  const tokens: NginxToken[] = [];
  for (let position = skipBlank(text, 0); position < text.length; position = skipBlank(text, position)) {
    const next = readToken(text, position, tokens.at(-1));
    if (!next.ok) return next;
    tokens.push(next.value.token);
    position = next.value.end;
  }
  return success(tokens);
}

/** Returns the position after spaces and comments. A comment begins only where a word could begin. */
function skipBlank(text: string, start: number): number {
  let position = start;
  while (position < text.length) {
    if (text[position] === "#") {
      const end = text.indexOf("\n", position);
      position = end === -1 ? text.length : end;
    } else if (WHITESPACE.includes(text.charAt(position))) position += 1;
    else break;
  }
  return position;
}

function readToken(text: string, start: number, previous: NginxToken | undefined): Result<TokenAt> {
  const character = text.charAt(start);
  if (character === '"' || character === "'") return readQuotedWord(text, start, character);
  if (character === "{" && previous?.type === "word" && previous.text.endsWith(LUA_BLOCK_SUFFIX))
    return readLuaBlock(text, start);
  if (character === ";" || character === "{" || character === "}")
    return success({ token: { type: character }, end: start + 1 });
  return readPlainWord(text, start);
}

/** Reads a block up to its first closing brace. A longer one leaves a rest that is no directive of nginx. */
function readLuaBlock(text: string, start: number): Result<TokenAt> {
  const end = text.indexOf("}", start);
  if (end === -1) return failure("a block is not closed");
  return success({ token: { type: "lua", text: text.slice(start + 1, end) }, end: end + 1 });
}

function readQuotedWord(text: string, start: number, quote: string): Result<TokenAt> {
  const end = text.indexOf(quote, start + 1);
  const content = text.slice(start + 1, end === -1 ? undefined : end);
  const [line = ""] = content.split("\n");
  const refused = findUnsupported(line);
  if (refused !== undefined) return failure(`unsupported character "${refused}"`);
  if (end === -1 || line !== content) return failure("a quote is not closed");
  const next = text.charAt(end + 1);
  if (!`${WHITESPACE};{`.includes(next)) return failure(`unexpected text after "${content}"`);
  return success({ token: { type: "word", text: content }, end: end + 1 });
}

function readPlainWord(text: string, start: number): Result<TokenAt> {
  let end = start;
  while (end < text.length && !endsWord(text, end)) {
    const character = text.charAt(end);
    const refused = findUnsupported(character);
    if (refused !== undefined) return failure(`unsupported character "${refused}"`);
    if (`{}#"'`.includes(character)) return failure(`unsupported character "${character}" in a word`);
    end += 1;
  }
  return success({ token: { type: "word", text: text.slice(start, end) }, end });
}

/** Whether a word ends before a position. A brace after "$" belongs to the name of a variable. */
function endsWord(text: string, position: number): boolean {
  const character = text.charAt(position);
  return `${WHITESPACE};`.includes(character) || (character === "{" && text[position - 1] !== "$");
}

/** Returns the first character that is an escape, or not printable ASCII. */
function findUnsupported(text: string): string | undefined {
  return [...text].find((character) => character === "\\" || character < " " || character > "~");
}
