import fc from "fast-check";

const ATOMS = [
  ...[
    "a",
    "b",
    "/",
    "x",
    "1",
    "\\.",
    "\\/",
    "-",
    "_",
    "%",
    "é",
    ".",
    "\\w",
    "\\d",
    "\\s",
    "\\W",
    "\\S",
    "[a-z]",
    "[^/]",
  ],
  ...[
    "[^a]",
    "[a-zA-Z0-9_-]",
    "api",
    "v",
    "(/|$)",
    "(?:a|b)",
    "\\b",
    "^",
    "$",
    "[/a]",
    "[\\w.-]",
    "[[:alnum:]]",
    "(?i)",
  ],
];
const QUANTIFIERS = [
  "",
  "",
  "",
  "",
  "*",
  "+",
  "?",
  "*?",
  "+?",
  "{2}",
  "{1,3}",
  "{0,9}",
  "{0,100}",
  "{5,}",
  "{20}",
  "++",
];

const { regex } = fc.letrec<{ regex: string; sequence: string; item: string; atom: string }>((tie) => ({
  regex: fc
    .array(tie("sequence"), { minLength: 1, maxLength: 3, depthIdentifier: "regex" })
    .map((parts) => parts.join("|")),
  sequence: fc.array(tie("item"), { minLength: 1, maxLength: 5 }).map((parts) => parts.join("")),
  item: fc.tuple(tie("atom"), fc.constantFrom(...QUANTIFIERS)).map((parts) => parts.join("")),
  atom: fc.oneof(
    { depthIdentifier: "regex", maxDepth: 3 },
    { weight: 8, arbitrary: fc.constantFrom(...ATOMS) },
    { weight: 2, arbitrary: tie("regex").map((inner) => `(${inner})`) },
    { weight: 1, arbitrary: tie("regex").map((inner) => `(?:${inner})`) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom("?=", "?!", "?<=", "?<!"), tie("regex")).map(toGroup) },
  ),
}));

function toGroup(parts: readonly string[]): string {
  return `(${parts.join("")})`;
}

const COMMON = ["(/|$)(.*)", "/(.*)", "(.*)", "/?(.*)$", "/([^/]+)/(.*)", "/(.+)\\.(png|jpg)$", "/v[0-9]+(/.*)?", ".*"];

/** Regex paths of an Ingress: common ones and generated ones. */
export const regexPath = fc
  .tuple(
    fc.constantFrom("", "/", "/a", "/api"),
    fc.oneof(regex, fc.constantFrom(...COMMON)),
    fc.oneof(regex, fc.constant("")),
  )
  .map((parts) => parts.join(""))
  .map((path) => (path.startsWith("/") ? path : `/${path}`));

const SUFFIXES = ["", "\u0000", "!"];

/** Texts that a regex may match slowly: repetitions of parts of it, with an end that does not match. */
export function buildAttacks(pattern: string, length: number): string[] {
  const literals = [...new Set(pattern.match(/[a-zA-Z0-9/_.-]{1,4}/g) ?? [])].slice(0, 6);
  const parts = [...new Set(["a", "/", "1", "a/", "/a", " ", ...literals])];
  const starts = ["/", pattern.replace(/^\^/, "").match(/^[\w/-]*/)?.[0] ?? "/"];
  return starts.flatMap((start) =>
    parts.flatMap((part) => {
      const body = (start + part.repeat(Math.ceil(length / part.length))).slice(0, length - 1);
      return SUFFIXES.map((suffix) => body + suffix);
    }),
  );
}
