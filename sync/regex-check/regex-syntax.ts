/** The syntax that is parsed. Every other construct has no node. */
export type RegexNode =
  | { readonly type: "character"; readonly source: string }
  | { readonly type: "assertion"; readonly part: RegexNode } // a lookaround, or \b, \B or ^ with an empty part
  | { readonly type: "sequence" | "choice"; readonly parts: readonly RegexNode[] }
  | { readonly type: "repeat"; readonly part: RegexNode; readonly min: number; readonly max: number };

/** A node, and the rest of the pattern. */
interface Parsed {
  readonly node: RegexNode;
  readonly rest: string;
}

const LOOKAROUND_START = /^\(\?<?[=!]/;
const ASSERTION = /^(?:\\b|\\B|\^)/;
const EMPTY: RegexNode = { type: "sequence", parts: [] };
const GROUP_START = /^\((?:\?:|\?<[a-z]\w*>|(?!\?))/i;
/** One character of text, a class, or the end of the text. */
const CHARACTER = /^(?:\\[dDwWsSfnrtv]|\\x[\da-f]{2}|\\[^\w]|\[\^?(?:\\[^bBcku\d]|[^\]\\])*\]|[^\\^*+?()[\]{}|])/i;
const QUANTIFIER = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/;

/** Parses a regex. Returns undefined if it has references or other rare constructs. */
export function parseRegex(pattern: string): RegexNode | undefined {
  const parsed = parseChoice(pattern);
  return parsed?.rest === "" ? parsed.node : undefined;
}

function parseChoice(pattern: string): Parsed | undefined {
  const parts: RegexNode[] = [];
  for (let rest = `|${pattern}`; ; ) {
    if (!rest.startsWith("|")) return { node: { type: "choice", parts }, rest };
    const parsed = parseSequence(rest.slice(1));
    if (!parsed) return undefined;
    parts.push(parsed.node);
    rest = parsed.rest;
  }
}

function parseSequence(pattern: string): Parsed | undefined {
  const parts: RegexNode[] = [];
  for (let rest = pattern; ; ) {
    if (rest === "" || rest.startsWith("|") || rest.startsWith(")")) return { node: { type: "sequence", parts }, rest };
    const parsed = parseAtom(rest);
    if (!parsed) return undefined;
    const repeated = parseQuantifier(parsed);
    parts.push(repeated.node);
    rest = repeated.rest;
  }
}

function parseAtom(pattern: string): Parsed | undefined {
  const lookaround = parseGroup(pattern, LOOKAROUND_START);
  if (lookaround) return { node: { type: "assertion", part: lookaround.node }, rest: lookaround.rest };
  const assertion = ASSERTION.exec(pattern)?.[0];
  if (assertion) return { node: { type: "assertion", part: EMPTY }, rest: pattern.slice(assertion.length) };
  if (GROUP_START.test(pattern)) return parseGroup(pattern, GROUP_START);
  const source = CHARACTER.exec(pattern)?.[0];
  return source === undefined ? undefined : { node: { type: "character", source }, rest: pattern.slice(source.length) };
}

function parseGroup(pattern: string, groupStart: RegExp): Parsed | undefined {
  const start = groupStart.exec(pattern)?.[0];
  const group = start === undefined ? undefined : parseChoice(pattern.slice(start.length));
  return group?.rest.startsWith(")") ? { node: group.node, rest: group.rest.slice(1) } : undefined;
}

/** Returns a regex without its assertions, and then the regex of each assertion, also of inner ones. */
export function splitAssertions(node: RegexNode): readonly RegexNode[] {
  switch (node.type) {
    case "character":
      return [node];
    case "assertion":
      return [EMPTY, ...splitAssertions(node.part)];
    case "repeat": {
      const [part = node.part, ...assertions] = splitAssertions(node.part);
      return [{ ...node, part }, ...assertions];
    }
    case "sequence":
    case "choice": {
      const split = node.parts.map(splitAssertions);
      return [{ ...node, parts: split.flatMap(([part]) => part ?? []) }, ...split.flatMap((nodes) => nodes.slice(1))];
    }
  }
}

function parseQuantifier({ node, rest }: Parsed): Parsed {
  const match = QUANTIFIER.exec(rest);
  if (!match) return { node, rest };
  const [text, sign, lowest, comma, highest] = match;
  const min = sign === undefined ? Number(lowest) : sign === "+" ? 1 : 0;
  const isOpen = sign === undefined ? comma !== undefined && highest === "" : sign !== "?";
  const finiteMax = sign === undefined ? Number(highest ?? lowest) : 1;
  const max = isOpen ? Number.POSITIVE_INFINITY : finiteMax;
  return { node: { type: "repeat", part: node, min, max }, rest: rest.slice(text.length) };
}
