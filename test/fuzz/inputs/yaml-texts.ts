import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { textMutation } from "./mutations.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url);
const EXAMPLES = new URL("../../../examples/", import.meta.url);

/** The manifests of all fixtures and examples. */
const seeds = [FIXTURES, EXAMPLES].flatMap((folder) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter(({ name }) => /\.ya?ml$/.test(name))
    .map(({ name, parentPath }) => readFileSync(`${parentPath}/${name}`, "utf8"))
    .filter((text) => text.length < 6000),
);
/** The folder of the fixtures, for messages. */
export const FIXTURES_PATH = fileURLToPath(FIXTURES);

const BOMB_LEVELS = 9;
const ALIAS_BOMB = Array.from({ length: BOMB_LEVELS }, (_, level) =>
  level === 0
    ? "a0: &a0 [x, x, x, x, x, x, x, x, x]"
    : `a${level}: &a${level} [${`*a${level - 1}, `.repeat(9).slice(0, -2)}]`,
).join("\n");
const INGRESS = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: a }\n";

/** Constructs of YAML that readers misread, each a document or a part of one. */
const CONSTRUCTS = [
  ...[ALIAS_BOMB, "&a [*a]", "a: &a { b: *a }", "<<: *missing", "a: *b\nb: &b 1", "&a a: *a", "a: &a\n  <<: *a"],
  ...["a: 1\na: 2", '"__proto__": { a: 1 }', "? [a, b]\n: c", "? { a: b }\n: c", "!!set { a, b }", "!!binary '@@@'"],
  ...["!!js/function 'x'", "!!timestamp 2024-13-45", "!<tag:x> a", "!!int abc", "!!float .nan", "a: .inf", "a: 0x1F"],
  ...[
    "%YAML 9.9\n---\na: 1",
    "%TAG ! tag:a,2000:\n---\n!b c",
    "---\n---\n---",
    "...\n...\n",
    "--- |\n  a\n---",
    "- a\n- b",
  ],
  ...[
    "\ta: 1",
    "a:\n\tb: 1",
    "a: b: c",
    "a: 'x",
    'a: "\\q"',
    "a: |2\n x",
    "a: >-\n\n\n",
    "[",
    "{",
    "}",
    "- - - -",
    "@a",
    "`a",
  ],
  ...[
    "\ufeffa: 1",
    "a: \u0000",
    "a: \u0085b\u2028c",
    "\u001b[2Ja: 1",
    "a: \ud800",
    "null",
    "~",
    "",
    "7",
    "true",
    '"text"',
  ],
  ...[
    `${INGRESS}spec: &s { rules: [*s] }`,
    `${INGRESS}spec: &s\n  rules: [{ host: a.example.com, http: { paths: [*s] } }]`,
  ],
  ...[
    `${INGRESS}spec: !!set { rules }`,
    `${INGRESS}spec: 2024-01-01`,
    "kind: List\nitems: &i [{ kind: List, items: *i }]",
  ],
  ...["[".repeat(2000), `a: ${"{a: ".repeat(2000)}1${"}".repeat(2000)}`, `${"- ".repeat(1000)}a`, "a: ".repeat(1000)],
  ...[`a: ${"x".repeat(100_000)}`, `${"k: v\n".repeat(2000)}`, `${"---\na: 1\n".repeat(1000)}`, " ".repeat(100_000)],
  ...[
    `${"&a ".repeat(2000)}b`,
    `${"!a ".repeat(2000)}b`,
    `a: ${"*a ".repeat(2000)}`,
    "#".repeat(100_000),
    "\r\n".repeat(2000),
  ],
];
const separator = fc.constantFrom("\n---\n", "\n", "\n...\n", "\r\n---\r\n", "\n  ", "\n--- ");

/** Texts of manifest files: fixtures, their mutations, and hostile constructs between them. */
export const yamlText = fc
  .tuple(
    fc.array(fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...seeds) }, fc.constantFrom(...CONSTRUCTS)), {
      minLength: 1,
      maxLength: 3,
    }),
    separator,
    fc.array(textMutation, { maxLength: 2 }),
  )
  .map(([parts, between, mutations]) => mutations.reduce((text, change) => change(text), parts.join(between)));
