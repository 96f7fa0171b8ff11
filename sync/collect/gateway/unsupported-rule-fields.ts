import { isEdgeHeader } from "../../../src/rules/edge-headers.ts";
import { parseGatewayDuration } from "./gateway-duration.ts";
import type { HttpRouteMatch, HttpRouteRule, UnsupportedField, ValueMatch } from "./http-route-model.ts";
import { checkFilters } from "./unsupported-filter-fields.ts";
import { checkOneOf, checkPattern, unsupportedValue } from "./unsupported-values.ts";

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
const VALUE_TYPES = ["Exact", "RegularExpression"];
const PATH_TYPES = ["Exact", "PathPrefix", "RegularExpression"];
const PATH_VALUE = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+$/;
const REFUSED_PARTS = ["//", "/./", "/../", "%2f", "%2F"];
const REFUSED_ENDS = ["/.", "/.."];
const TOKEN = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/; // RFC 6265, 4.1.1, and RFC 9110, 5.1
const RESERVED_HEADER = /^(?:(?:set-)?cookie|content-.*|location|date|vary|cache-control|authorization)$/i;
const MAX_WEIGHT = 1_000_000;

/** Lists values of newer APIs in a rule, and values that the API server would refuse. */
export function listUnsupportedRuleFields(rule: HttpRouteRule, field: string): UnsupportedField[] {
  return [
    ...rule.matches.flatMap((match, index) => checkMatch(match, `${field}.matches[${index}]`)),
    ...checkFilters(rule.filters, rule, `${field}.filters`),
    ...rule.backendRefs.flatMap((reference, index) => checkBackend(reference, rule, `${field}.backendRefs[${index}]`)),
    ...checkTimeouts(rule.timeouts, `${field}.timeouts`),
    ...(rule.retry ? checkRetry(rule.retry, `${field}.retry`) : []),
    ...(rule.sessionPersistence ? checkSession(rule.sessionPersistence, `${field}.sessionPersistence`) : []),
  ];
}

function checkMatch({ path, method, headers, queryParams }: HttpRouteMatch, field: string): UnsupportedField[] {
  return [
    ...checkOneOf(path.type, PATH_TYPES, `${field}.path.type`),
    ...(path.type === "RegularExpression" ? [] : checkPath(path.value, `${field}.path.value`)),
    ...checkOneOf(method, METHODS, `${field}.method`),
    ...checkValues(headers, `${field}.headers`),
    ...headers.flatMap(({ name }, index) => checkToken(name, "a header name", `${field}.headers[${index}].name`)),
    ...checkValues(queryParams, `${field}.queryParams`),
  ];
}

function checkPath(value: string, field: string): UnsupportedField[] {
  if (!value.startsWith("/")) return [unsupportedValue(field, `expected a path that starts with /, got "${value}"`)];
  const part =
    REFUSED_PARTS.find((text) => value.includes(text)) ?? REFUSED_ENDS.find((end) => value.endsWith(end)) ?? "";
  if (part !== "") return [unsupportedValue(field, `expected a path without ${part}, got "${value}"`)];
  return checkPattern(value, PATH_VALUE, "a path without query, fragment or other characters of no path", field);
}

function checkValues(matches: readonly ValueMatch[], field: string): UnsupportedField[] {
  return matches.flatMap(({ type }, index) => checkOneOf(type, VALUE_TYPES, `${field}[${index}].type`));
}

/** A header name of other characters would make every request of the host fail. */
function checkToken(name: string, expected: string, field: string): UnsupportedField[] {
  return checkPattern(name, TOKEN, expected, field);
}

function checkBackend(
  { group, kind, port, weight, filters }: HttpRouteRule["backendRefs"][number],
  rule: HttpRouteRule,
  field: string,
): UnsupportedField[] {
  const problems = checkFilters(filters, rule, `${field}.filters`);
  if (weight < 0 || weight > MAX_WEIGHT)
    problems.push(unsupportedValue(`${field}.weight`, `expected 0 to ${MAX_WEIGHT}, got ${weight}`));
  if (group === "" && kind === "Service" && port === undefined)
    problems.push(unsupportedValue(`${field}.port`, "expected a port of the Service"));
  return problems;
}

function checkTimeouts({ request, backendRequest }: HttpRouteRule["timeouts"], field: string): UnsupportedField[] {
  const problems = [
    ...checkDuration(request, `${field}.request`),
    ...checkDuration(backendRequest, `${field}.backendRequest`),
  ];
  const requestMs = parseGatewayDuration(request ?? "0s") ?? 0;
  const backendMs = parseGatewayDuration(backendRequest ?? "0s") ?? 0;
  if (requestMs > 0 && backendMs > requestMs)
    problems.push(
      unsupportedValue(`${field}.backendRequest`, `expected up to ${request} of request, got ${backendRequest}`),
    );
  return problems;
}

function checkRetry(
  { codes, attempts, backoff }: NonNullable<HttpRouteRule["retry"]>,
  field: string,
): UnsupportedField[] {
  const problems = checkDuration(backoff, `${field}.backoff`);
  codes.forEach((code, index) => {
    if (code < 400 || code > 599)
      problems.push(unsupportedValue(`${field}.codes[${index}]`, `expected 400 to 599, got ${code}`));
  });
  if (attempts !== undefined && attempts < 0)
    problems.push(unsupportedValue(`${field}.attempts`, `expected at least 0, got ${attempts}`));
  return problems;
}

function checkSession(
  { type, sessionName, absoluteTimeout, idleTimeout, lifetimeType }: NonNullable<HttpRouteRule["sessionPersistence"]>,
  field: string,
): UnsupportedField[] {
  const problems = [
    ...checkOneOf(type, ["Cookie", "Header"], `${field}.type`),
    ...checkSessionName(sessionName, type, `${field}.sessionName`),
    ...checkOneOf(lifetimeType, ["Session", "Permanent"], `${field}.cookieConfig.lifetimeType`),
    ...checkDuration(absoluteTimeout, `${field}.absoluteTimeout`),
    ...checkDuration(idleTimeout, `${field}.idleTimeout`),
  ];
  if (lifetimeType === "Permanent" && !parseGatewayDuration(absoluteTimeout ?? "0s"))
    problems.push(unsupportedValue(`${field}.absoluteTimeout`, "expected a duration with lifetimeType Permanent"));
  return problems;
}

/** A name must be a token, as that of a cookie or header. A session in a header must not replace a header of the response. */
function checkSessionName(name: string | undefined, type: string, field: string): UnsupportedField[] {
  if (name === undefined) return [];
  if (type !== "Header") return checkPattern(name, TOKEN, "the name of a cookie", field);
  const isReserved = isEdgeHeader(name) || RESERVED_HEADER.test(name);
  if (isReserved) return [unsupportedValue(field, `expected a header of the session alone, got "${name}"`)];
  return checkPattern(name, TOKEN, "the name of a header", field);
}

function checkDuration(text: string | undefined, field: string): UnsupportedField[] {
  if (text === undefined || parseGatewayDuration(text) !== undefined) return [];
  return [unsupportedValue(field, `expected a duration such as 10s or 1m30s, got "${text}"`)];
}
