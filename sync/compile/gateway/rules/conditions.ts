import { toByteString } from "../../../../src/rules/paths.ts";
import type { HttpRouteMatch, ValueMatch } from "../../../collect/gateway/http-route-model.ts";
import type { ListenerScheme } from "../gateway-compilation.ts";

/** The headers and query parameters that count: of equal names the first one, as in the specification. */
export function listValueMatches({ headers, queryParams }: HttpRouteMatch) {
  return {
    headers: keepFirst(headers.map((match) => ({ ...match, name: match.name.toLowerCase() }))),
    query: keepFirst(queryParams),
  };
}

/** Returns a key that is equal for equal conditions beyond the path. "" for none. */
export function buildConditionKey(match: HttpRouteMatch, scheme: ListenerScheme | undefined): string {
  const { headers, query } = listValueMatches(match);
  const parts = [scheme ?? "", match.method ?? "", ...[headers, query].map(formatValues)];
  return parts.every((part) => part === "") ? "" : JSON.stringify(parts);
}

function formatValues(matches: readonly ValueMatch[]): string {
  const texts = matches.map(({ name, type, value }) => JSON.stringify([toByteString(name), type, value]));
  return texts.toSorted().join();
}

function keepFirst(matches: readonly ValueMatch[]): readonly ValueMatch[] {
  return matches.filter(({ name }, index) => matches.findIndex((other) => other.name === name) === index);
}
