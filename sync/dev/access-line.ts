import type { ACCESS_LOG_FIELDS } from "../../src/request/access-log.ts";
import { REQUEST_OUTCOMES, type RequestOutcome } from "../../src/request/outcomes.ts";
import type { StyledText, Terminal } from "../runtime/terminal.ts";

/** An access log line of the Worker, as JSON has it. */
type AccessLine = { readonly [Field in keyof typeof ACCESS_LOG_FIELDS]?: string | number | boolean };

const MIN_URL_COLUMNS = 20;
const INDENT = "  ";

/** Prints a line of the Worker's log: as it is for programs, and an access line in short form for people. */
export function printWorkerLine(line: string, terminal: Terminal): void {
  const accessLine = terminal.isInteractive ? parseAccessLine(line) : undefined;
  if (!accessLine) terminal.print(line);
  else for (const parts of formatAccessLine(accessLine, terminal.columns)) terminal.print(...parts);
}

function parseAccessLine(line: string): AccessLine | undefined {
  try {
    const value = JSON.parse(line) as AccessLine | null;
    return value?.requestId !== undefined && value.status !== undefined ? value : undefined;
  } catch {
    return undefined; // for example an exception
  }
}

/** Formats a request as `GET https://host/path 200 8 ms → backend`, and below it the reason of an error. */
export function formatAccessLine(line: AccessLine, columns: number): StyledText[][] {
  const { method, scheme, host, path, status, backend, subrequestOf, edgeMs = 0, originMs = 0 } = line;
  const milliseconds = Math.round(Number(edgeMs) + Number(originMs));
  const target = backend === undefined ? "" : ` → ${backend}`;
  const caller = subrequestOf === undefined ? "" : ` (for Ingress ${subrequestOf})`;
  const rest = ` ${milliseconds} ms${target}${caller}`;
  const urlColumns = columns - `${method} ${status} ${rest}`.length;
  const url = shorten(`${scheme}://${host}${path}`, Math.max(urlColumns, MIN_URL_COLUMNS));
  const head: StyledText[] = [`${method} ${url} `, { style: pickColor(Number(status)), text: String(status) }, rest];
  return [head, ...wrap(explainStatus(line), columns).map((text): StyledText[] => [{ style: "dim", text }])];
}

function shorten(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1)}…`;
}

function pickColor(status: number): "green" | "cyan" | "yellow" | "red" {
  if (status < 300) return "green";
  if (status < 400) return "cyan";
  return status < 500 ? "yellow" : "red";
}

/** Returns why the status is an error, if it is. */
function explainStatus({ status, outcome, reason }: AccessLine): string {
  if (Number(status) < 400) return "";
  const explanation = reason ?? REQUEST_OUTCOMES[outcome as RequestOutcome].meaning;
  return `${outcome}: ${explanation}`;
}

/** Breaks a text between words, and indents each line. */
function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= columns) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`${INDENT}${word}`);
  }
  return lines;
}
