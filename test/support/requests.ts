/** One line of a requests.txt: a request and its expected outcome. */
export interface RequestLine {
  readonly number: number;
  readonly text: string; // as written, for messages
  readonly method: string;
  readonly url: string;
  readonly headers: readonly Header[];
  readonly expected: ExpectedOutcome;
}

/** A header with its value; without one it must be absent. */
export type Header = readonly [name: string, value: string | undefined];

/** The expected destination of a request, a backend or a status of the edge, with the headers on both sides. */
export interface ExpectedOutcome {
  readonly destination: { readonly backend: string } | { readonly status: number };
  readonly originRequest: { readonly method: string; readonly path: string } | undefined;
  readonly originHeaders: readonly Header[];
  readonly clientHeaders: readonly Header[];
}

const LINE = /^([A-Z]+) (\S+)(.*?)\s+->\s+(\S+)(?:\s+([A-Z]+) (\S+))?(.*?)(?:\s+<-\s+(.*))?$/;
const HEADER = /(?:!([\w-]+)|([\w-]+):(.*?))(?=\s+(?:![\w-]+|[\w-]+:)|\s*$)/g;

/**
 * Parses a requests.txt: `METHOD URL Name:value… -> destination`. The destination is `namespace/service:port`, optionally
 * with the origin's request (`GET /7?a=b`, `Name:value`, `!Name` for absent) and with `<-` and the client's headers. Or it
 * is a status, optionally with the client's headers. A line that starts with `#` is a comment.
 */
export function parseRequests(text: string): RequestLine[] {
  return text
    .split("\n")
    .map((line, index) => ({ text: line.trim(), number: index + 1 }))
    .filter((line) => line.text !== "" && !line.text.startsWith("#"))
    .map(({ text: line, number }) => parseRequestLine(line, number));
}

function parseRequestLine(text: string, number: number): RequestLine {
  const [, method, url = "", headers = "", end = "", originMethod, path = "", originText = "", clientText = ""] =
    LINE.exec(text) ?? [];
  if (method === undefined) throw new Error(`requests.txt:${number}: invalid line: ${text}`);
  const originRequest = originMethod === undefined ? undefined : { method: originMethod, path };
  const endsAtEdge = /^\d{3}$/.test(end);
  const expected: ExpectedOutcome = endsAtEdge
    ? {
        destination: { status: Number(end) },
        originRequest,
        originHeaders: [],
        clientHeaders: parseHeaders(originText),
      }
    : {
        destination: { backend: end },
        originRequest,
        originHeaders: parseHeaders(originText),
        clientHeaders: parseHeaders(clientText),
      };
  return { number, text, method, url, headers: parseHeaders(headers), expected };
}

function parseHeaders(text: string): Header[] {
  return [...text.matchAll(HEADER)].map(
    ([, absentName, name, value]): Header => [absentName ?? name ?? "", value?.trim()],
  );
}

/** The outcome of a request. Parts that a judge cannot observe are missing. */
export interface ObservedOutcome {
  readonly destination: ExpectedOutcome["destination"];
  readonly originRequest?: ExpectedOutcome["originRequest"];
  readonly originHeader?: (name: string) => string | undefined;
  readonly clientHeader?: (name: string) => string | undefined;
}

/** Returns the differences between an outcome and the expected one, each with the line. */
export function compareOutcome({ number, text, expected }: RequestLine, outcome: ObservedOutcome): string[] {
  const messages: string[] = [];
  const compare = (subject: string, expectedText: string | undefined, actualText: string | undefined) => {
    if (expectedText !== actualText)
      messages.push(`requests.txt:${number}: ${text}: ${subject} is ${actualText}, not ${expectedText}`);
  };
  compare("the answer", formatDestination(expected.destination), formatDestination(outcome.destination));
  if (expected.originRequest && outcome.originRequest) {
    compare(
      "the origin's request",
      formatOriginRequest(expected.originRequest),
      formatOriginRequest(outcome.originRequest),
    );
  }
  const { originHeader, clientHeader } = outcome;
  for (const [name, value] of originHeader ? expected.originHeaders : []) compare(name, value, originHeader?.(name));
  for (const [name, value] of clientHeader ? expected.clientHeaders : []) compare(name, value, clientHeader?.(name));
  return messages;
}

function formatDestination(end: ExpectedOutcome["destination"]): string {
  return "backend" in end ? end.backend : String(end.status);
}

function formatOriginRequest({ method, path }: { method: string; path: string }): string {
  return `${method} ${path}`;
}
