import type { HttpRouteFilter, HttpRouteRule, PathModifier, UnsupportedField } from "./http-route-model.ts";
import { checkOneOf, checkPattern, unsupportedValue } from "./unsupported-values.ts";

/** The field of each type of filter. */
const FILTER_FIELDS = {
  RequestHeaderModifier: "requestHeaderModifier",
  ResponseHeaderModifier: "responseHeaderModifier",
  RequestRedirect: "requestRedirect",
  URLRewrite: "urlRewrite",
  RequestMirror: "requestMirror",
  CORS: "cors",
  ExternalAuth: "externalAuth",
  ExtensionRef: "extensionRef",
} as const;
const FILTER_TYPES = Object.keys(FILTER_FIELDS) as (keyof typeof FILTER_FIELDS)[]; // its own keys
const REPEATABLE = ["RequestMirror", "ExtensionRef"];
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;
const HEADER_VALUE = /^[^\0\r\n]*$/;
const ORIGIN = /^(?:\*|https?:\/\/(?:\*|(?:\*\.)?[A-Za-z0-9.-]+)(?::[0-9]{1,5})?)$/;
const CORS_METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"];
const REDIRECT_CODES = ["301", "302", "303", "307", "308"];

/** Lists unsupported values in the filters of a rule, or of one of its backends. */
export function checkFilters(
  filters: readonly HttpRouteFilter[],
  rule: HttpRouteRule,
  field: string,
): UnsupportedField[] {
  const types = filters.map(({ type }) => type);
  return filters.flatMap((filter, index) => {
    const filterField = `${field}[${index}]`;
    return [
      ...checkType(filter, filterField),
      ...checkCombination(types, index, rule, filterField),
      ...checkHeaders(filter.requestHeaderModifier, `${filterField}.requestHeaderModifier`),
      ...checkHeaders(filter.responseHeaderModifier, `${filterField}.responseHeaderModifier`),
      ...checkRedirect(filter.requestRedirect, rule, `${filterField}.requestRedirect`),
      ...checkPathModifier(filter.urlRewrite?.path, rule, `${filterField}.urlRewrite.path`),
      ...reportProblem(filter.requestMirror?.problem, `${filterField}.requestMirror`),
      ...checkCors(filter.cors, `${filterField}.cors`),
      ...checkOneOf(filter.externalAuth?.protocol, ["HTTP", "GRPC"], `${filterField}.externalAuth.protocol`),
    ];
  });
}

function reportProblem(problem: string | undefined, field: string): UnsupportedField[] {
  return problem === undefined ? [] : [unsupportedValue(field, problem)];
}

/** The field of the type must be there, and no other. */
function checkType(filter: HttpRouteFilter, field: string): UnsupportedField[] {
  const known = FILTER_TYPES.find((type) => type === filter.type);
  if (known === undefined) return checkOneOf(filter.type, FILTER_TYPES, `${field}.type`);
  const ownField = FILTER_FIELDS[known];
  if (filter[ownField] === undefined)
    return [unsupportedValue(`${field}.${ownField}`, `expected it with type ${known}`)];
  return Object.values(FILTER_FIELDS)
    .filter((name) => name !== ownField && filter[name] !== undefined)
    .map((name) => unsupportedValue(`${field}.${name}`, `expected only ${ownField} with type ${known}`));
}

function checkCombination(
  types: readonly string[],
  index: number,
  { backendRefs }: HttpRouteRule,
  field: string,
): UnsupportedField[] {
  const type = types[index] ?? "";
  const problems: UnsupportedField[] = [];
  if (!REPEATABLE.includes(type) && types.indexOf(type) !== index)
    problems.push(unsupportedValue(`${field}.type`, `expected ${type} once`));
  if (type === "URLRewrite" && types.includes("RequestRedirect"))
    problems.push({
      field: `${field}.type`,
      problem: "expected RequestRedirect or URLRewrite, not both",
      reason: "IncompatibleFilters",
    });
  if (type === "RequestRedirect" && field.includes(".backendRefs[") === false && backendRefs.length > 0)
    problems.push(unsupportedValue(`${field}.type`, "expected no backendRefs with RequestRedirect"));
  return problems;
}

function checkHeaders(modifier: HttpRouteFilter["requestHeaderModifier"], field: string): UnsupportedField[] {
  if (!modifier) return [];
  const checkName = (name: string, nameField: string) =>
    checkPattern(name, HEADER_NAME, "the name of a header", nameField);
  const checkEntries = (list: "set" | "add") =>
    modifier[list].flatMap(({ name, value }, index) => [
      ...checkName(name, `${field}.${list}[${index}].name`),
      ...checkPattern(value, HEADER_VALUE, "a value of one line", `${field}.${list}[${index}].value`),
    ]);
  return [
    ...checkEntries("set"),
    ...checkEntries("add"),
    ...modifier.remove.flatMap((name, index) => checkName(name, `${field}.remove[${index}]`)),
  ];
}

function checkRedirect(
  redirect: HttpRouteFilter["requestRedirect"],
  rule: HttpRouteRule,
  field: string,
): UnsupportedField[] {
  if (!redirect) return [];
  return [
    ...checkOneOf(redirect.scheme, ["http", "https"], `${field}.scheme`),
    ...checkOneOf(String(redirect.statusCode), REDIRECT_CODES, `${field}.statusCode`),
    ...checkPathModifier(redirect.path, rule, `${field}.path`),
  ];
}

/** A prefix is replaced in one way only if the rule has one match, and that matches a prefix. */
function checkPathModifier(
  path: PathModifier | undefined,
  { matches }: HttpRouteRule,
  field: string,
): UnsupportedField[] {
  if (!path) return [];
  if (path.problem !== undefined) return reportProblem(path.problem, field);
  const matchesOnePrefix = matches.length === 1 && matches[0]?.path.type === "PathPrefix";
  if (path.type !== "ReplacePrefixMatch" || matchesOnePrefix)
    return checkOneOf(path.type, ["ReplaceFullPath", "ReplacePrefixMatch"], `${field}.type`);
  return [unsupportedValue(`${field}.replacePrefixMatch`, "expected one match in the rule, of type PathPrefix")];
}

function checkCors(cors: HttpRouteFilter["cors"], field: string): UnsupportedField[] {
  if (!cors) return [];
  const checkStar = (list: "allowOrigins" | "allowMethods" | "allowHeaders") =>
    cors[list].includes("*") && cors[list].length > 1
      ? [unsupportedValue(`${field}.${list}`, "expected * alone, or no *")]
      : [];
  const checkNames = (list: "allowHeaders" | "exposeHeaders") =>
    cors[list].flatMap((name, index) =>
      checkPattern(name, HEADER_NAME, "the name of a header", `${field}.${list}[${index}]`),
    );
  return [
    ...checkStar("allowOrigins"),
    ...checkStar("allowMethods"),
    ...checkStar("allowHeaders"),
    ...cors.allowOrigins.flatMap((origin, index) =>
      checkPattern(origin, ORIGIN, "an origin such as https://app.example.com", `${field}.allowOrigins[${index}]`),
    ),
    ...cors.allowMethods.flatMap((method, index) =>
      checkOneOf(method, CORS_METHODS, `${field}.allowMethods[${index}]`),
    ),
    ...checkNames("allowHeaders"),
    ...checkNames("exposeHeaders"),
  ];
}
