import type { PathMatch, RouteConditions, ValueCondition } from "./snapshot.ts";

/** Formats how a route matches, for display: `prefix /cart`, `prefix /cart method=GET header x-version="2"`. */
export function formatMatch(path: PathMatch, conditions?: RouteConditions): string {
  const text = `${path.type} ${"pattern" in path ? path.pattern : path.path}`;
  return conditions === undefined ? text : `${text} ${formatConditions(conditions)}`;
}

/** Formats conditions, for display: `method=GET header x-version="2"`. */
export function formatConditions({ scheme, method, headers = [], query = [] }: RouteConditions): string {
  return [
    ...(scheme === undefined ? [] : [`scheme=${scheme}`]),
    ...(method === undefined ? [] : [`method=${method}`]),
    ...headers.map((header) => `header ${formatValue(header)}`),
    ...query.map((parameter) => `query ${formatValue(parameter)}`),
  ].join(" ");
}

function formatValue(condition: ValueCondition): string {
  return "pattern" in condition
    ? `${condition.name}~${JSON.stringify(condition.pattern)}`
    : `${condition.name}=${JSON.stringify(condition.value)}`;
}
