import fc from "fast-check";

/** Changes a value. */
export type Mutation<T> = (value: T) => T;

const position = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
const ODD_TEXTS = [
  ..."\0 \n \r\n \t \" ' { } [ ] , : \\ # % = + / - \u00e9 \u2028 \ud800 \ufeff".split(" "),
  ...[" ", "null", "true", "-0", "1e999", "__proto__", "constructor", '"__proto__":{"a":1},', "\\u0000", "A", "AAAA"],
  "[".repeat(20_000),
  '{"a":'.repeat(20_000),
];

/** Changes texts as damage in storage or a hostile writer may. */
export const textMutation: fc.Arbitrary<Mutation<string>> = fc.oneof(
  fc.tuple(position, fc.constantFrom(...ODD_TEXTS)).map(
    ([at, odd]) =>
      (text: string) =>
        splice(text, at, 0, odd),
  ),
  fc.tuple(position, fc.constantFrom(...ODD_TEXTS)).map(
    ([at, odd]) =>
      (text: string) =>
        splice(text, at, 1, odd),
  ),
  fc.tuple(position, fc.nat(7)).map(
    ([at, bit]) =>
      (text: string) =>
        flipBit(text, at, bit),
  ),
  fc.tuple(position, position).map(
    ([at, part]) =>
      (text: string) =>
        splice(text, at, part * text.length, ""),
  ),
  position.map((at) => (text: string) => text.slice(0, at * text.length)),
  position.map((at) => (text: string) => text.slice(at * text.length)),
  fc.tuple(position, position).map(
    ([from, at]) =>
      (text: string) =>
        splice(text, at, 0, text.slice(from * text.length)),
  ),
  fc.tuple(position, position).map(
    ([a, b]) =>
      (text: string) =>
        swapCharacters(text, a, b),
  ),
  fc.constantFrom<Mutation<string>>(
    () => "",
    (text) => text + text,
    (text) => text.toUpperCase(),
    (text) => text.replaceAll(/\d/g, "9"),
    (text) => `${text}\n`,
    (text) => ` ${text}`,
  ),
);

function splice(text: string, at: number, removed: number, inserted: string): string {
  const index = Math.floor(at * (text.length + 1));
  return text.slice(0, index) + inserted + text.slice(index + Math.ceil(removed));
}

function flipBit(text: string, at: number, bit: number): string {
  const index = Math.floor(at * text.length);
  return splice(text, index / (text.length + 1), 1, String.fromCharCode(text.charCodeAt(index) ^ (1 << bit)));
}

function swapCharacters(text: string, a: number, b: number): string {
  const characters = [...text];
  const [first, second] = [Math.floor(a * characters.length), Math.floor(b * characters.length)];
  [characters[first], characters[second]] = [characters[second] ?? "", characters[first] ?? ""];
  return characters.join("");
}

/** JSON values of other types than a reader expects, and values that are hard to read. */
export const hostileValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, 4294967296, "", "a", " ", "\0", "é", "null", [], {}),
  fc.constantFrom<unknown>([null], [[]], { a: {} }, ["a", 7], "2024-01-01T00:00:00Z", "__proto__", "a".repeat(10_000)),
  fc.constantFrom("constructor", "__proto__", "toString", "hasOwnProperty").map((key) => parseOwn(key, { a: 1 })),
  fc.constantFrom(100, 1000).map(nest),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.integer(),
);

/** Returns an object with a key that an object literal would treat specially. */
function parseOwn(key: string, value: unknown): unknown {
  return JSON.parse(`{${JSON.stringify(key)}:${JSON.stringify(value)}}`);
}

function nest(depth: number): unknown {
  return JSON.parse("[".repeat(depth) + "]".repeat(depth));
}

/** Changes one place of a JSON value: replaces, removes, adds or repeats it. */
export const jsonMutation: fc.Arbitrary<Mutation<unknown>> = fc
  .tuple(
    fc.array(fc.nat(), { minLength: 1, maxLength: 8 }),
    fc.constantFrom("replace", "replace", "replace", "remove", "add", "repeat"),
    hostileValue,
    fc.constantFrom("extra", "__proto__", "constructor", "", "a\nb"),
  )
  .map(
    ([choices, action, value, key]) =>
      (root) =>
        changePlace(root, choices, { action, value, key }),
  );

interface PlaceChange {
  readonly action: string;
  readonly value: unknown;
  readonly key: string;
}

function changePlace(root: unknown, [choice = 0, ...choices]: readonly number[], change: PlaceChange): unknown {
  if (typeof root !== "object" || root === null) return change.value;
  const entries = Object.entries(root);
  const index = choice % Math.max(entries.length, 1);
  const [key, child] = entries[index] ?? ["", undefined];
  // A stop above the leaves, so that whole branches change too.
  const isHere = choices.length === 0 || entries.length === 0 || typeof child !== "object" || child === null;
  const changed = isHere
    ? changeEntry(entries, index, change)
    : entries.with(index, [key, changePlace(child, choices, change)]);
  return Array.isArray(root) ? changed.map(([, item]) => item) : buildObject(changed);
}

function changeEntry(entries: [string, unknown][], index: number, { action, value, key }: PlaceChange) {
  const entry = entries[index];
  switch (action) {
    case "remove":
      return entries.toSpliced(index, 1);
    case "add":
      return [...entries, [key, value] as [string, unknown]];
    case "repeat":
      return entry ? [...entries, entry] : entries;
    default:
      return entry ? entries.with(index, [entry[0], value]) : entries;
  }
}

/** Builds an object whose "__proto__" is an own property, as JSON.parse does. */
function buildObject(entries: readonly (readonly [string, unknown])[]): object {
  return Object.fromEntries(entries);
}

/** Applies some mutations in turn. */
export function mutate<T>(value: fc.Arbitrary<T>, mutation: fc.Arbitrary<Mutation<T>>): fc.Arbitrary<T> {
  return fc
    .tuple(value, fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([start, mutations]) => mutations.reduce((current, change) => change(current), start));
}
