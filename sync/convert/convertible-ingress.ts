import { CATCH_ALL_HOST, parseHost } from "../../src/rules/hosts.ts";
import type { Ingress, IngressBackend, IngressPath, IngressRule, Service } from "../collect/cluster-model.ts";
import { findCanaryProblem } from "./canary-rules.ts";
import { buildProblem, type ConvertedAnnotations, convertAnnotations } from "./convert-annotations.ts";
import type { BackendManifest, MatchManifest } from "./route-manifest.ts";

/** A path of an Ingress as parts of a rule. */
export interface ConvertedPath {
  readonly match: MatchManifest;
  /** The path as a regex, for hosts whose paths are regexes. */
  readonly regex: string;
  readonly backend: BackendManifest;
}

/** An Ingress with all parts that its routes are made of. */
export interface ConvertibleIngress {
  readonly ingress: Ingress;
  readonly converted: ConvertedAnnotations;
  readonly isCanary: boolean;
  /** The paths of each host, in the order of the rules. */
  readonly pathsByHost: ReadonlyMap<string, readonly ConvertedPath[]>;
  readonly defaultBackend: BackendManifest | undefined;
  readonly problems: readonly IngressProblem[];
}

/** Why an Ingress cannot be converted. */
export interface IngressProblem {
  readonly field: string;
  readonly problem: string;
}

// An alternative outside of groups would match anywhere in a path.
const OPEN_ALTERNATIVE = /^[^(]*\|/;
// Those that the API server refuses in the path of an HTTPRoute.
const REFUSED_PATH = /\/\/|\/\.\.?(?:\/|$)|%2f|#/i;

/** Reads an Ingress. `findService` returns a Service of its namespace by name. */
export function readConvertibleIngress(ingress: Ingress, findService: FindService): ConvertibleIngress {
  const converted = convertAnnotations(ingress);
  const isCanary = converted.values.canary.canary === true;
  const canaryProblem = isCanary ? findCanaryProblem(converted.values.canary) : undefined;
  const rules = ingress.rules.map((rule, index) => readRule(rule, `spec.rules[${index}]`, converted, findService));
  const fallback = ingress.defaultBackend && convertBackend(ingress.defaultBackend, findService);
  const byHost = Map.groupBy(rules, ({ host }) => host);
  return {
    ingress,
    converted,
    isCanary,
    pathsByHost: new Map([...byHost].map(([host, group]) => [host, group.flatMap(({ paths }) => paths)])),
    defaultBackend: fallback && "name" in fallback ? fallback : undefined,
    problems: [
      ...converted.problems,
      ...(canaryProblem ? [buildProblem(canaryProblem.annotation, canaryProblem.problem)] : []),
      ...rules.flatMap(({ problems }) => problems),
      ...(fallback && "problem" in fallback ? [{ field: "spec.defaultBackend", problem: fallback.problem }] : []),
    ],
  };
}

type FindService = (name: string) => Service | undefined;

function readRule(rule: IngressRule, field: string, { hasRegexPaths }: ConvertedAnnotations, findService: FindService) {
  const host = parseHost(rule.host);
  const paths = rule.paths.map((path) => convertPath(path, hasRegexPaths, findService));
  return {
    host: host.ok ? host.value : CATCH_ALL_HOST,
    paths: paths.filter((path) => "match" in path),
    problems: [
      ...(host.ok ? [] : [{ field: `${field}.host`, problem: host.problem }]),
      ...paths.flatMap((path) => ("problem" in path ? [{ field, problem: path.problem }] : [])),
    ],
  };
}

interface Problem {
  readonly problem: string;
}

function convertPath(
  { path = "/", pathType, backend }: IngressPath,
  isRegex: boolean,
  findService: FindService,
): ConvertedPath | Problem {
  const value = path === "" ? "/" : path;
  const isRefused = isRegex ? OPEN_ALTERNATIVE.test(value) : REFUSED_PATH.test(value);
  if (isRefused) return { problem: `the path ${value} is not valid in an HTTPRoute` };
  const reference = convertBackend(backend, findService);
  if ("problem" in reference) return reference;
  const isExact = pathType === "Exact";
  const trimmed = isExact || value === "/" ? value : value.replace(/\/$/, "");
  const match: MatchManifest = { path: { type: isExact ? "Exact" : "PathPrefix", value: trimmed } };
  return { match, regex: `(?i)${value.replace(/^\/?\(\?i\)/, "")}.*`, backend: reference };
}

function convertBackend(backend: IngressBackend, findService: FindService): BackendManifest | Problem {
  if (backend.type === "other") return { problem: backend.problem };
  if (typeof backend.port === "number") return { name: backend.name, port: backend.port };
  const port = findService(backend.name)?.ports.find(({ name }) => name === backend.port)?.port;
  if (port !== undefined) return { name: backend.name, port };
  return {
    problem: `the port ${backend.port} of Service ${backend.name} is unknown; add the Service to the manifests`,
  };
}
