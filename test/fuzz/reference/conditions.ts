import type { RouteConditions, ValueCondition } from "../../../src/rules/snapshot.ts";

const MAX_VALUE_BYTES = 4096;

// A second implementation of the conditions of routes, written from the documentation.

/** A request as a client sends it. */
export interface ReferenceRequest {
  readonly host: string; // of the Host header
  readonly scheme: "http" | "https";
  readonly method: string;
  readonly query: string;
  readonly headers: Headers;
}

/** Whether all conditions hold; unknown if the only doubt is a value that is too long for a regex. */
export function acceptsConditions(when: RouteConditions, request: ReferenceRequest): "yes" | "no" | "unknown" {
  const parameters = parseForm(request.query);
  const verdicts = [
    when.scheme === undefined || when.scheme === request.scheme,
    when.method === undefined || when.method === request.method,
    ...(when.headers ?? []).map((header) => acceptsValue(header, readHeader(request.headers, header.name))),
    ...(when.query ?? []).map((parameter) => acceptsValue(parameter, parameters.get(toBytes(parameter.name)))),
  ];
  if (verdicts.includes(false)) return "no";
  return verdicts.includes("unknown") ? "unknown" : "yes";
}

function acceptsValue(condition: ValueCondition, value: string | undefined): boolean | "unknown" {
  if (value === undefined) return false;
  if (!("pattern" in condition)) return value === toBytes(condition.value);
  if (value.length > (condition.maxBytes ?? MAX_VALUE_BYTES)) return "unknown";
  return new RegExp(condition.pattern).test(value);
}

function readHeader(headers: Headers, name: string): string | undefined {
  const value = headers.get(name);
  return value === null ? undefined : toBytes(value);
}

/** Returns the first values of a form by name, in bytes. */
function parseForm(query: string): ReadonlyMap<string, string> {
  const pairs = query
    .slice(1)
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const [name = "", ...rest] = part.split("=");
      return [decode(name), decode(rest.join("="))] as const;
    });
  return new Map(pairs.toReversed());
}

function decode(text: string): string {
  const bytes: number[] = [];
  for (let rest = Buffer.from(text.toWellFormed(), "utf8").toString("latin1"); rest !== ""; ) {
    const hex = /^%([0-9a-f]{2})/i.exec(rest)?.[1];
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else bytes.push(rest.startsWith("+") ? 0x20 : rest.charCodeAt(0));
    rest = rest.slice(hex === undefined ? 1 : 3);
  }
  return Buffer.from(bytes).toString("latin1");
}

function toBytes(text: string): string {
  return Buffer.from(text.toWellFormed(), "utf8").toString("latin1");
}
