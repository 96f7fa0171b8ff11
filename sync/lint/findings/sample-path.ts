import { decodePath } from "../../../src/rules/paths.ts";

/** How a sample of a regex is chosen: the alternative in groups, and the number of repetitions. */
interface SampleStyle {
  readonly alternative: "first" | "last";
  readonly repeatsAtLeastOnce: boolean;
}

const STYLES: readonly SampleStyle[] = [
  { alternative: "first", repeatsAtLeastOnce: false },
  { alternative: "first", repeatsAtLeastOnce: true },
  { alternative: "last", repeatsAtLeastOnce: false },
  { alternative: "last", repeatsAtLeastOnce: true },
];

/** Returns the first sample of a path that a request can match, in decoded spelling; undefined if no sample matches. */
export function findSamplePath(
  path: string,
  isRegex: boolean,
  matches: (samplePath: string) => boolean,
): string | undefined {
  const literalPath = decodePath(path);
  const candidates = isRegex ? [...STYLES.map((style) => buildSample(path, style)), literalPath] : [literalPath];
  return candidates.find((candidate) => candidate.isWellFormed() && matches(candidate));
}

/** Returns a decoded path as a client sends it. */
export function encodeSamplePath(path: string): string {
  return encodeURI(path).replace(/[?#]/g, encodeURIComponent);
}

/** Builds a text that a simple regex matches: `/v[0-9]+(/|$)(.*)` → `/v0/`. The caller must check it. */
function buildSample(pattern: string, style: SampleStyle): string {
  return readAlternatives(
    pattern.replace(/^\/?\(\?i\)/, (flag) => flag.replace("(?i)", "")),
    0,
    style,
  ).sample;
}

/** A sample of a part of a regex, and the index after that part. */
interface SampledPart {
  readonly sample: string;
  readonly end: number;
}

/** Reads up to the end of a group or of the pattern. */
function readAlternatives(pattern: string, start: number, style: SampleStyle): SampledPart {
  const samples: string[] = [""];
  let index = start;
  while (index < pattern.length && pattern[index] !== ")") {
    if (pattern[index] === "|") {
      samples.push("");
      index += 1;
      continue;
    }
    const atom = readAtom(pattern, index, style);
    const { minimum, end } = readQuantifier(pattern, atom.end);
    const repetitions = Math.min(Math.max(minimum, style.repeatsAtLeastOnce ? 1 : 0), MAX_REPETITIONS);
    samples.push((samples.pop() ?? "") + atom.sample.repeat(repetitions));
    index = end;
  }
  return { sample: (style.alternative === "first" ? samples[0] : samples.at(-1)) ?? "", end: index };
}

const MAX_REPETITIONS = 100;

function readQuantifier(pattern: string, start: number): { readonly minimum: number; readonly end: number } {
  const [text = "", minimum] = /^(?:[*+?]|\{(\d+)(?:,\d*)?\})[?+]?/.exec(pattern.slice(start)) ?? [];
  if (text === "") return { minimum: 1, end: start };
  return { minimum: minimum === undefined ? Number(text.startsWith("+")) : Number(minimum), end: start + text.length };
}

function readAtom(pattern: string, start: number, style: SampleStyle): SampledPart {
  const rest = pattern.slice(start);
  if (rest.startsWith("(")) return readGroup(pattern, start, style);
  const [characterClass] = /^\[\^?\]?(?:\\.|[^\]\\])*\]/s.exec(rest) ?? [];
  if (characterClass) return { sample: sampleClass(characterClass), end: start + characterClass.length };
  if (rest.startsWith("\\")) return { sample: sampleEscape(rest[1] ?? ""), end: start + 2 };
  const character = rest[0] ?? "";
  return { sample: ANCHORS.includes(character) ? "" : character === "." ? "x" : character, end: start + 1 };
}

const ANCHORS = ["^", "$"];

function readGroup(pattern: string, start: number, style: SampleStyle): SampledPart {
  const [opening = "("] = /^\((?:\?(?::|P?<[A-Za-z_]\w*>|[=!]|<[=!]))?/.exec(pattern.slice(start)) ?? [];
  const { sample, end } = readAlternatives(pattern, start + opening.length, style);
  return { sample: /[=!]$/.test(opening) ? "" : sample, end: end + 1 };
}

/** Characters to try for a class, the most readable first. */
const CLASS_SAMPLES = "ax019AX-_./~ ";

function sampleClass(characterClass: string): string {
  try {
    const regex = new RegExp(`^${characterClass}$`);
    return [...CLASS_SAMPLES].find((character) => regex.test(character)) ?? characterClass[1] ?? "";
  } catch {
    return "x";
  }
}

const ESCAPE_SAMPLES: Readonly<Record<string, string>> = {
  d: "0",
  D: "x",
  w: "a",
  W: "-",
  s: " ",
  S: "x",
  b: "",
  B: "",
  A: "",
  z: "",
  Z: "",
};

function sampleEscape(character: string): string {
  return ESCAPE_SAMPLES[character] ?? character;
}
