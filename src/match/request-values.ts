import { decodeQueryText, toByteString } from "../rules/paths.ts";

/** The parts of a request that conditions of routes need. An exchange has them. */
export interface ConditionSource {
  readonly scheme: "http" | "https";
  readonly hostHeader: string;
  readonly query: string; // as the client wrote it, with its "?"; or ""
  readonly request: { readonly method: string; readonly headers: { get(name: string): string | null } };
}

/** A request without headers and query. */
export const PLAIN_REQUEST: ConditionSource = {
  scheme: "https",
  hostHeader: "",
  query: "",
  request: { method: "GET", headers: { get: () => null } },
};

/** The values of a request as byte strings. Each is read at its first use, and kept for the other routes of the host. */
export interface RequestValues {
  readonly source: ConditionSource;
  readonly headerNames: string[]; // a host uses few, so a list is faster than a map
  readonly headerValues: (string | undefined)[];
  parameters: ReadonlyMap<string, string> | undefined; // undefined before the first use
}

export function createRequestValues(source: ConditionSource): RequestValues {
  return { source, headerNames: [], headerValues: [], parameters: undefined };
}

/** Returns a header, or undefined without it. The name is in lower case. The platform joins a repeated header with ", ". */
export function readHeader(values: RequestValues, name: string): string | undefined {
  const { source, headerNames, headerValues } = values;
  const index = headerNames.indexOf(name);
  if (index >= 0) return headerValues[index];
  const text = name === "host" ? source.hostHeader : (source.request.headers.get(name) ?? undefined);
  const value = text === undefined ? undefined : toByteString(text);
  headerNames.push(name);
  headerValues.push(value);
  return value;
}

/** Returns the first value of a query parameter, or undefined without it. */
export function readParameter(values: RequestValues, name: string): string | undefined {
  values.parameters ??= parseQuery(values.source.query);
  return values.parameters.get(name);
}

/**
 * Returns the first values of a query by name, decoded as those of a form: `"?a=1&a=2&b+c=%C3%A9"` → a is "1" and "b c" is
 * the two bytes of "é". A parameter without "=" has an empty value.
 */
export function parseQuery(query: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of query.replace(/^\?/, "").split("&")) {
    const equals = part.indexOf("=");
    const name = decodeQueryText(equals < 0 ? part : part.slice(0, equals));
    if (part !== "" && !parameters.has(name))
      parameters.set(name, equals < 0 ? "" : decodeQueryText(part.slice(equals + 1)));
  }
  return parameters;
}
