import assert from "node:assert/strict";
import { test } from "node:test";
import { listFiles, readSource } from "../support/sources.ts";
import { BANNED_PHRASES } from "./prose-patterns.ts";

/** Documents whose tables list old names and names to avoid. */
const TABLES_OF_OLD_NAMES = ["CHANGELOG.md", "CONTRIBUTING.md"];

const COMMENT = /\/\*\*?[\s\S]*?\*\/|(?<![:"'`])\/\/[^\n]*/g;
// A text with a space in it is prose; one without is a name.
const STRING = /"(?:[^"\\\n]|\\.)* (?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)* (?:[^`\\]|\\.)*`/g;

function findBannedPhrases(texts: readonly { path: string; text: string }[]): string[] {
  return texts.flatMap(({ path, text }) =>
    BANNED_PHRASES.flatMap(({ pattern, instead }) => {
      const match = pattern.exec(text);
      return match ? [`${path}: "${match[0]}" (${instead}) in: ${text.replace(/\s+/g, " ").slice(0, 120)}`] : [];
    }),
  );
}

function readParts(paths: readonly string[], part: RegExp, without?: RegExp) {
  return paths.flatMap((path) => {
    const source = without ? readSource(path).replace(without, "") : readSource(path);
    return [...source.matchAll(part)].map(([text]) => ({ path, text }));
  });
}

test("No document contains a banned phrase", () => {
  const documents = listFiles("*.md").map((path) => ({ path, text: readSource(path) }));
  const lines = documents.flatMap(({ path, text }) => text.split("\n").map((line) => ({ path, text: line })));
  const written = lines.filter(({ path, text }) => !(TABLES_OF_OLD_NAMES.includes(path) && text.startsWith("|")));
  assert.deepEqual(findBannedPhrases(written), []);
});

test("Texts that users see contain no banned phrase", () => {
  assert.deepEqual(findBannedPhrases(readParts(listFiles("src/*.ts", "sync/*.ts"), STRING, COMMENT)), []);
});

test("Comments contain no banned phrase", () => {
  assert.deepEqual(findBannedPhrases(readParts(listFiles("src/*.ts", "sync/*.ts", "tools/*.ts"), COMMENT)), []);
});
