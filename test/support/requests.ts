/** One line of a requests.txt: what is asked, and what must come of it. */
export interface RequestLine {
  readonly number: number;
  readonly text: string; // as written, for messages
  readonly method: string;
  readonly url: string;
  readonly headers: readonly Header[];
  readonly expected: Expected;
}

/** A header with its value; without one it must be absent. */
export type Header = readonly [name: string, value: string | undefined];

/** Where a request must end: at a backend, and what that saw of it; or at the edge, with a status. */
export interface Expected {
  readonly end: { readonly backend: string } | { readonly status: number };
  readonly asked: { readonly method: string; readonly path: string } | undefined;
  readonly originHeaders: readonly Header[];
  readonly clientHeaders: readonly Header[];
}

const LINE = /^([A-Z]+) (\S+)(.*?)\s+->\s+(\S+)(?:\s+([A-Z]+) (\S+))?(.*?)(?:\s+<-\s+(.*))?$/;
const HEADER = /(?:!([\w-]+)|([\w-]+):(.*?))(?=\s+(?:![\w-]+|[\w-]+:)|\s*$)/g;

/**
 * Reads a requests.txt: `METHOD URL Name:value… -> answer`. The answer is `namespace/service:port`, then maybe what the
 * origin saw (`GET /7?a=b`, `Name:value`, `!Name` for absent), then maybe `<-` and what the client sees; or a status, and
 * what the client sees. Lines that start with `#` say what follows.
 */
export function requestsIn(text: string): RequestLine[] {
  return text
    .split("\n")
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== "" && !line.text.startsWith("#"))
    .map(({ text: line, number }) => requestIn(line, number));
}

function requestIn(text: string, number: number): RequestLine {
  const [, method, url = "", headers = "", end = "", askedMethod, path = "", seen = "", answered = ""] =
    LINE.exec(text) ?? [];
  if (method === undefined) throw new Error(`requests.txt:${number}: cannot be read: ${text}`);
  const asked = askedMethod === undefined ? undefined : { method: askedMethod, path };
  const atEdge = /^\d{3}$/.test(end);
  const expected: Expected = atEdge
    ? { end: { status: Number(end) }, asked, originHeaders: [], clientHeaders: headersIn(seen) }
    : { end: { backend: end }, asked, originHeaders: headersIn(seen), clientHeaders: headersIn(answered) };
  return { number, text, method, url, headers: headersIn(headers), expected };
}

function headersIn(text: string): Header[] {
  return [...text.matchAll(HEADER)].map(([, absent, name, value]): Header => [absent ?? name ?? "", value?.trim()]);
}

/** What came of a request, as far as a judge can tell; what it cannot is missing. */
export interface Outcome {
  readonly end: Expected["end"];
  readonly asked?: Expected["asked"];
  readonly originHeader?: (name: string) => string | undefined;
  readonly clientHeader?: (name: string) => string | undefined;
}

/** How an outcome differs from what a line expects, each a sentence that names the line. */
export function differences({ number, text, expected }: RequestLine, outcome: Outcome): string[] {
  const found: string[] = [];
  const compare = (what: string, wanted: string | undefined, got: string | undefined) => {
    if (wanted !== got) found.push(`requests.txt:${number}: ${text}: ${what} is ${got}, not ${wanted}`);
  };
  compare("the answer", endText(expected.end), endText(outcome.end));
  if (expected.asked && outcome.asked) {
    compare("the origin's request", askedText(expected.asked), askedText(outcome.asked));
  }
  const { originHeader, clientHeader } = outcome;
  for (const [name, value] of originHeader ? expected.originHeaders : []) compare(name, value, originHeader?.(name));
  for (const [name, value] of clientHeader ? expected.clientHeaders : []) compare(name, value, clientHeader?.(name));
  return found;
}

function endText(end: Expected["end"]): string {
  return "backend" in end ? end.backend : String(end.status);
}

function askedText({ method, path }: { method: string; path: string }): string {
  return `${method} ${path}`;
}
