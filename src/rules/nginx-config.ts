import { type NginxToken, tokenizeNginxConfig } from "./nginx-tokens.ts";
import { failure, type Result, success } from "./result.ts";

/** A directive of nginx: `proxy_set_header Host $host;`. */
export interface NginxDirective {
  readonly name: string;
  readonly words: readonly string[]; // without quotes
  /** The text of a Lua block; "" for other blocks. */
  readonly block: string | undefined;
}

/** Reads the directives at the top level of a text. Those of nested blocks are skipped. */
export function parseNginxConfig(text: string): Result<readonly NginxDirective[]> {
  const tokens = tokenizeNginxConfig(text);
  return tokens.ok ? assembleDirectives(tokens.value) : tokens;
}

function assembleDirectives(tokens: readonly NginxToken[]): Result<readonly NginxDirective[]> {
  const directives: NginxDirective[] = [];
  let words: string[] = [];
  let depth = 0;
  for (const token of tokens) {
    const problem = findMisplacement(token, words, depth);
    if (problem !== undefined) return failure(problem);
    if (token.type === "word") words.push(token.text);
    else if (depth === 0 && token.type !== "}") directives.push(buildDirective(words, token));
    if (token.type !== "word") words = [];
    depth += DEPTH_CHANGES[token.type];
  }
  if (words.length > 0) return failure(`${words[0]} has no semicolon`);
  return depth > 0 ? failure("a block is not closed") : success(directives);
}

const DEPTH_CHANGES: Readonly<Record<NginxToken["type"], number>> = { word: 0, ";": 0, lua: 0, "{": 1, "}": -1 };

/** Returns why a token is not allowed after the words of an unfinished directive. */
function findMisplacement({ type }: NginxToken, words: readonly string[], depth: number): string | undefined {
  switch (type) {
    case "word":
    case "lua":
      return undefined;
    case ";":
    case "{":
      return words.length === 0 ? `unexpected "${type}"` : undefined;
    case "}":
      return words.length > 0 || depth === 0 ? 'unexpected "}"' : undefined;
  }
}

function buildDirective([name = "", ...words]: readonly string[], end: NginxToken): NginxDirective {
  if (end.type === "lua") return { name, words, block: end.text };
  return { name, words, block: end.type === "{" ? "" : undefined };
}
