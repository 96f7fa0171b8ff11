/** The syntax that the step bound knows. Every other construct has no node. */
export type RegexNode =
  | { readonly type: "character"; readonly source: string }
  | { readonly type: "sequence" | "choice"; readonly parts: readonly RegexNode[] }
  | { readonly type: "repeat"; readonly part: RegexNode; readonly min: number; readonly max: number };

/** A node, and the rest of the pattern. */
interface Parsed {
  readonly node: RegexNode;
  readonly rest: string;
}

const GROUP_START = /^\((?:\?:|\?<[a-z]\w*>|(?!\?))/i;
/** One character of text, a class, or the end of the text. */
const CHARACTER = /^(?:\\[dDwWsSfnrtv]|\\x[\da-f]{2}|\\[^\w]|\[\^?(?:\\[^bBcku\d]|[^\]\\])*\]|[^\\^*+?()[\]{}|])/i;
const QUANTIFIER = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/;

/** Parses a regex. Returns undefined if it has lookarounds, references, inner anchors or other rare constructs. */
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
  const start = GROUP_START.exec(pattern)?.[0];
  if (start !== undefined) {
    const group = parseChoice(pattern.slice(start.length));
    return group?.rest.startsWith(")") ? { node: group.node, rest: group.rest.slice(1) } : undefined;
  }
  const source = CHARACTER.exec(pattern)?.[0];
  return source === undefined ? undefined : { node: { type: "character", source }, rest: pattern.slice(source.length) };
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
