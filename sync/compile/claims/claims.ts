import { CATCH_ALL_HOST, findZone, parseHost } from "../../../src/rules/hosts.ts";
import { decodePath } from "../../../src/rules/paths.ts";
import type { CompiledPolicyName } from "../../../src/rules/policies/compiled-policies.ts";
import { readOriginProtocol } from "../../../src/rules/policies/upstream.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import { type Ingress, type IngressBackend, type IngressPath, nameOf } from "../../collect/cluster-model.ts";
import type { BackendProtocol } from "../backends/services.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { Options } from "../options.ts";
import { type ParsedAnnotations, readAnnotations } from "../select/annotations.ts";

/** An Ingress of ours with what its annotations say. */
export interface IngressWithAnnotations {
  readonly ingress: Ingress;
  readonly annotations: ParsedAnnotations;
}

/** A route that an Ingress asks for, before it is granted. */
export interface Claim {
  readonly owner: IngressWithAnnotations;
  readonly id: string;
  readonly host: string;
  readonly path: string; // "/" where the Ingress gives none
  readonly type: "exact" | "prefix";
  /** Its host, type and path: what can be granted only once. */
  readonly routeKey: string;
  /** None where it is a host's fallback without one: it answers 404, behind its policies. */
  readonly backend: (IngressBackend & { type: "service" }) | undefined;
  /** Policies that do not hold for it, whatever the annotations say. */
  readonly excludedPolicies: readonly CompiledPolicyName[];
  /** Where its namespace may have but part of the host: these paths, decoded, and what lies below them. */
  readonly permittedPaths?: readonly string[];
  readonly subject: Subject;
}

/** What an Ingress asks for: hosts, even those without a path, and paths. */
export interface IngressClaims {
  readonly owner: IngressWithAnnotations;
  readonly hosts: readonly string[];
  readonly claims: readonly Claim[];
}

/** Reads an Ingress's rules. A rule or path that cannot be read is reported and costs only itself. */
export function parseClaims(ingress: Ingress, options: Options, report: Report): IngressClaims {
  const owner = { ingress, annotations: readAnnotations(ingress, report) };
  const rules = ingress.rules.flatMap((rule, ruleIndex) => {
    const host = parseHost(rule.host);
    const subject = buildSubject(ingress, `spec.rules[${ruleIndex}].host`);
    if (!host.ok) {
      report("InvalidHost", subject, host.problem, 'write it like "shop.example.com" or "*.example.com"');
      return [];
    }
    if (host.value !== CATCH_ALL_HOST && findZone(host.value, options.zones) === undefined) {
      const problem = `${host.value} lies in none of the account's zones (${options.zones.join(", ") || "there are none"})`;
      report("HostNotInZone", subject, problem, "add its zone to the account, or correct the name");
    }
    const claims = rule.paths.flatMap((path, pathIndex) =>
      parseClaim(owner, host.value, path, `${ruleIndex}.${pathIndex}`, report),
    );
    return [{ host: host.value, claims }];
  });
  return { owner, hosts: rules.map(({ host }) => host), claims: rules.flatMap(({ claims }) => claims) };
}

/** How an Ingress's backends are spoken to. */
export function readBackendProtocol({ annotations }: IngressWithAnnotations): BackendProtocol {
  return readOriginProtocol(annotations.values);
}

export function buildSubject(ingress: Ingress, field: string): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field };
}

function parseClaim(
  owner: IngressWithAnnotations,
  host: string,
  ingressPath: IngressPath,
  pathPosition: string,
  report: Report,
): Claim[] {
  const [ruleIndex, pathIndex] = pathPosition.split(".");
  const field = `spec.rules[${ruleIndex}].http.paths[${pathIndex}]`;
  const subject = buildSubject(owner.ingress, field);
  const type = parsePathType(ingressPath.pathType);
  const path = parsePath(ingressPath.path, ingressPath.pathType);
  for (const [fieldName, result] of [["pathType", type] as const, ["path", path] as const]) {
    if (result.ok) continue;
    report(
      "InvalidPath",
      { ...subject, field: `${field}.${fieldName}` },
      result.problem,
      "correct it; until then the path is left out",
    );
    return [];
  }
  if (!type.ok || !path.ok) return [];
  if (ingressPath.backend.type === "other") {
    const problem = `the backend is ${ingressPath.backend.description}, not a Service with a port`;
    report("UnsupportedBackend", { ...subject, field: `${field}.backend` }, problem, "name a Service and its port");
    return [];
  }
  const id = `${nameOf(owner.ingress)}#${pathPosition}`;
  const routeParts = { host, type: type.value, path: path.value };
  return [
    {
      owner,
      id,
      ...routeParts,
      routeKey: buildRouteKey(routeParts),
      backend: ingressPath.backend,
      excludedPolicies: [],
      subject,
    },
  ];
}

/** Paths that differ only in their escapes are one path. */
export function buildRouteKey({ host, type, path }: Pick<Claim, "host" | "type" | "path">): string {
  return `${host} ${type} ${decodePath(path)}`;
}

/** ImplementationSpecific, and none, mean Prefix: so in ingress-nginx, and charts rely on it. */
function parsePathType(pathType: string | undefined): Result<Claim["type"]> {
  switch (pathType) {
    case "Exact":
      return success("exact");
    case "Prefix":
    case "ImplementationSpecific":
    case undefined:
    case "":
      return success("prefix");
    default:
      return failure(`expected Exact, Prefix or ImplementationSpecific, got "${pathType}"`);
  }
}

/** What the API server takes of a path; https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types. */
function parsePath(path: string | undefined, pathType: string | undefined): Result<string> {
  if (path === undefined || path === "") return success("/");
  if (!path.startsWith("/")) return failure(`expected an absolute path, got "${path}"`);
  if (/[\x00-\x1f\x7f]/.test(path) || !path.isWellFormed())
    return failure("expected a path without control characters");
  const isLiteral = pathType === "Exact" || pathType === "Prefix";
  const forbiddenPart = ["//", "/./", "/../", "%2f", "%2F"].find((part) => path.includes(part));
  if (isLiteral && forbiddenPart) return failure(`expected a path without "${forbiddenPart}", got "${path}"`);
  if (isLiteral && /\/\.\.?$/.test(path))
    return failure(`expected a path that does not end in "/." or "/..", got "${path}"`);
  return success(path);
}
