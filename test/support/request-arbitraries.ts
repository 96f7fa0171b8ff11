import fc from "fast-check";

/** Rules of plain hosts and paths: no annotations, no expressions, and no two spellings of one path. */
export const plainRules = fc.uniqueArray(
  fc.record({
    host: fc.constantFrom("a.example.com", "b.example.com", "*.example.com", undefined),
    path: fc.array(fc.constantFrom("a", "b", "aa"), { maxLength: 3 }).map((segments) => `/${segments.join("/")}`),
    slash: fc.boolean(),
    pathType: fc.constantFrom("Exact", "Prefix"),
  }),
  { selector: ({ host, path: rulePath, pathType }) => `${host} ${rulePath} ${pathType}`, maxLength: 12 },
);

const SEGMENTS = [
  "a",
  "B",
  "..",
  ".",
  "%2e",
  "%2E.",
  "%2F",
  "%5C",
  "\\",
  "%00",
  "%",
  "%zz",
  "é",
  "%C3%A9",
  "%FF",
  "/",
  " ",
  "?",
];

/** Request paths, with all that is hard to read. */
export const rawPath = fc
  .array(fc.oneof(fc.constantFrom(...SEGMENTS, "/", "/"), fc.string({ unit: "binary", maxLength: 3 })))
  .map((parts) => `/${parts.join("")}`);

/** Host headers as clients may spell one host. */
export const hostHeader = fc
  .tuple(
    fc.array(fc.stringMatching(/^[a-zA-Z0-9_-]{1,5}$/), { minLength: 1, maxLength: 4 }),
    fc.constantFrom("", "."),
    fc.constantFrom("", ":", ":80", ":8443"),
  )
  .map(([labels, dot, portSuffix]) => labels.join(".") + dot + portSuffix);
