import assert from "node:assert/strict";
import { test } from "node:test";
import { parseNginxConfig } from "../../src/rules/nginx-config.ts";

/** The directives of a text as "name word word", with "{}" for a block, or the problem. */
function read(text: string): string[] | string {
  const result = parseNginxConfig(text);
  if (!result.ok) return result.problem;
  return result.value.map(({ name, words, block }) =>
    [name, ...words, ...(block === undefined ? [] : ["{}"])].join("|"),
  );
}

test("The parser reads words, quotes, comments and several directives in one line", () => {
  assert.deepEqual(read(`# first "comment; {\n a b;c 'd e' "f;g" ;# deny all;\nh\t"{}";`), [
    "a|b",
    "c|d e|f;g",
    "h|{}",
  ]);
});

test("The parser skips the directives of a nested block", () => {
  assert.deepEqual(read("location = /robots.txt { allow all; if ($x) { deny all; } } a;"), [
    "location|=|/robots.txt|{}",
    "a",
  ]);
});

test("The parser returns the text of a Lua block up to its first closing brace", () => {
  const result = parseNginxConfig('access_by_lua_block { ngx.say("; #") } a;');
  assert.deepEqual(result.ok && result.value, [
    { name: "access_by_lua_block", words: [], block: ' ngx.say("; #") ' },
    { name: "a", words: [], block: undefined },
  ]);
});

const refusals: readonly (readonly [text: string, problem: string])[] = [
  ["a b", "a has no semicolon"],
  ["a { b", "b has no semicolon"],
  ["a {", "a block is not closed"],
  ["a; }", 'unexpected "}"'],
  ["a { b }", 'unexpected "}"'],
  ["; a;", 'unexpected ";"'],
  ["{ a; }", 'unexpected "{"'],
  ['a "b;', "a quote is not closed"],
  ['a "b\nc";', "a quote is not closed"],
  ['a "b"c;', 'unexpected text after "b"'],
  ["a b\\;c;", 'unsupported character "\\"'],
  ['a "\\"";', 'unsupported character "\\"'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of nginx
  ["a ${b};", 'unsupported character "{" in a word'],
  ["a b}c;", 'unsupported character "}" in a word'],
  ["a b#c;", 'unsupported character "#" in a word'],
  ['a b"c";', 'unsupported character """ in a word'],
  ["a b\u00a0c;", 'unsupported character "\u00a0"'],
  ["a\u000bb;", 'unsupported character "\u000b"'],
  ["a_by_lua_block { x", "a block is not closed"],
];

for (const [text, problem] of refusals) {
  test(`The parser refuses ${JSON.stringify(text)}`, () => assert.equal(read(text), problem));
}
