import type { RegexNode } from "./regex-syntax.ts";

/** More positions or edges than these are not analyzed. */
const MAX_POSITIONS = 6000;
const MAX_EDGES = 20_000;

/**
 * The positions of a regex (Glushkov's automaton): one for each character in it, repetitions written out. Two ways from
 * one position to another are two edges. A loop is a range of positions, because every other edge leads forward.
 */
export interface RegexAutomaton {
  /** Source of each position's character or class. */
  readonly sources: readonly string[];
  readonly edges: readonly (readonly [from: number, to: number])[];
  readonly loops: readonly (readonly [first: number, last: number])[];
  readonly starts: readonly number[];
  /** Positions after which the regex has matched. */
  readonly accepting: readonly number[];
  readonly matchesEmptyText: boolean;
}

const EMPTY: RegexAutomaton = {
  sources: [],
  edges: [],
  loops: [],
  starts: [],
  accepting: [],
  matchesEmptyText: true,
};

/** Returns undefined for assertions, if the automaton is too large, or if an empty text matches a part in two ways. */
export function buildAutomaton(node: RegexNode): RegexAutomaton | undefined {
  switch (node.type) {
    case "character":
      return { ...EMPTY, sources: [node.source], starts: [0], accepting: [0], matchesEmptyText: false };
    case "assertion":
      return undefined;
    case "sequence":
      return chain(buildParts(node.parts));
    case "choice":
      return choose(buildParts(node.parts));
    case "repeat":
      return repeat(buildAutomaton(node.part), node.min, node.max);
  }
}

function buildParts(nodes: readonly RegexNode[]): RegexAutomaton[] | undefined {
  const parts = nodes.map(buildAutomaton);
  return parts.includes(undefined) ? undefined : parts.filter((part) => part !== undefined);
}

/** Places automata one behind the other, without edges between them. */
function place(parts: readonly RegexAutomaton[]): RegexAutomaton[] {
  let offset = 0;
  return parts.map((part) => {
    const shift = (position: number) => position + partOffset;
    const partOffset = offset;
    offset += part.sources.length;
    const shiftPairs = (pairs: RegexAutomaton["edges"]) => pairs.map(([a, b]) => [shift(a), shift(b)] as const);
    return {
      ...part,
      edges: shiftPairs(part.edges),
      loops: shiftPairs(part.loops),
      starts: part.starts.map(shift),
      accepting: part.accepting.map(shift),
    };
  });
}

function join(
  placedParts: readonly RegexAutomaton[],
  newEdges: RegexAutomaton["edges"],
): Pick<RegexAutomaton, "sources" | "edges" | "loops"> | undefined {
  const sources = placedParts.flatMap((part) => part.sources);
  const edges = [...placedParts.flatMap((part) => part.edges), ...newEdges];
  if (sources.length > MAX_POSITIONS || edges.length > MAX_EDGES) return undefined;
  return { sources, edges, loops: placedParts.flatMap((part) => part.loops) };
}

function connect(from: readonly number[], to: readonly number[]): RegexAutomaton["edges"] {
  // A list beyond the limit is not written out: `join` only needs to see that it is too long.
  if (from.length * to.length > MAX_EDGES) return new Array(MAX_EDGES + 1);
  return from.flatMap((source) => to.map((target) => [source, target] as const));
}

function chain(parts: readonly RegexAutomaton[] | undefined): RegexAutomaton | undefined {
  if (!parts) return undefined;
  const placedParts = place(parts);
  const newEdges: RegexAutomaton["edges"][number][] = [];
  let [starts, accepting, matchesEmptyText]: [number[], number[], boolean] = [[], [], true];
  for (const part of placedParts) {
    if (newEdges.length > MAX_EDGES) return undefined;
    newEdges.push(...connect(accepting, part.starts));
    if (matchesEmptyText) starts = [...starts, ...part.starts];
    accepting = part.matchesEmptyText ? [...accepting, ...part.accepting] : [...part.accepting];
    matchesEmptyText = matchesEmptyText && part.matchesEmptyText;
  }
  const joined = join(placedParts, newEdges);
  return joined && { ...joined, starts, accepting, matchesEmptyText };
}

function choose(parts: readonly RegexAutomaton[] | undefined): RegexAutomaton | undefined {
  if (!parts || parts.filter((part) => part.matchesEmptyText).length > 1) return undefined;
  const placedParts = place(parts);
  const joined = join(placedParts, []);
  return (
    joined && {
      ...joined,
      starts: placedParts.flatMap((part) => part.starts),
      accepting: placedParts.flatMap((part) => part.accepting),
      matchesEmptyText: parts.some((part) => part.matchesEmptyText),
    }
  );
}

function repeat(part: RegexAutomaton | undefined, min: number, max: number): RegexAutomaton | undefined {
  if (!part || part.matchesEmptyText || max < min || max === 0) return undefined;
  const isLoop = max === Number.POSITIVE_INFINITY;
  const copies = isLoop ? Math.max(min, 1) : max;
  if (copies * part.sources.length > MAX_POSITIONS) return undefined;
  const placedParts = place(Array.from({ length: copies }, () => part));
  const lastPart = placedParts.at(-1) ?? part;
  const newEdges = placedParts.flatMap((copy, index) => {
    const next = placedParts[index + 1] ?? (isLoop ? copy : undefined);
    return next ? connect(copy.accepting, next.starts) : [];
  });
  const joined = join(placedParts, newEdges);
  if (!joined) return undefined;
  const loopStart = joined.sources.length - part.sources.length;
  const outerLoops = joined.loops.filter(([first]) => first < loopStart);
  return {
    ...joined,
    loops: isLoop ? [...outerLoops, [loopStart, joined.sources.length - 1]] : joined.loops,
    starts: placedParts[0]?.starts ?? [],
    accepting: isLoop ? lastPart.accepting : placedParts.slice(Math.max(min, 1) - 1).flatMap((copy) => copy.accepting),
    matchesEmptyText: min === 0,
  };
}
