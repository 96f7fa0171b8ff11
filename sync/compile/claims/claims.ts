import { CATCH_ALL_HOST, findZone, parseHost } from "../../../src/rules/hosts.ts";
import { decodePath } from "../../../src/rules/paths.ts";
import { readOriginProtocol } from "../../../src/rules/policies/upstream.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import { type Ingress, type IngressPath, nameOf } from "../../collect/cluster-model.ts";
import { FULL_HOST } from "../../permits/model.ts";
import { joinFlat } from "../../runtime/flat-text.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { BackendProtocol, Claim, IngressClaims, IngressConfig } from "../model.ts";
import type { StageOptions } from "../options.ts";
import { readAnnotations } from "../select/annotations.ts";

/** Returns the hosts and routes in an Ingress's rules. An invalid rule or path is reported and dropped alone. */
export function parseClaims(
  ingress: Ingress,
  enforcedNames: ReadonlySet<string>,
  options: StageOptions,
  report: Report,
): IngressClaims {
  const owner = { ingress, annotations: readAnnotations(ingress, report, enforcedNames) };
  const name = joinFlat(ingress.namespace, "/", ingress.name);
  const object = joinFlat("Ingress ", name);
  const rules = ingress.rules.flatMap((rule, ruleIndex) => {
    const host = parseHost(rule.host);
    const subject = buildSubject(ingress, `spec.rules[${ruleIndex}].host`);
    if (!host.ok) {
      report("InvalidHost", subject, host.problem, 'use a host such as "shop.example.com" or "*.example.com"');
      return [];
    }
    if (host.value !== CATCH_ALL_HOST && findZone(host.value, options.zones) === undefined) {
      const problem = `host ${host.value} is in none of the account's zones (${options.zones.join(", ") || "none configured"})`;
      report("HostNotInZone", subject, problem, "add its zone to the account, or correct the name");
    }
    const claims = rule.paths.flatMap((path, pathIndex) =>
      parseClaim({ owner, name, object, host: host.value, ruleIndex, pathIndex }, path, report),
    );
    return [{ host: host.value, claims }];
  });
  const hosts = [...new Set(rules.map(({ host }) => host))];
  return {
    owner,
    hosts: hosts.map((host) => ({ host, permit: FULL_HOST })),
    claims: rules.flatMap(({ claims }) => claims),
  };
}

/** Returns the protocol of an Ingress's backends. */
export function readBackendProtocol({ annotations }: IngressConfig): BackendProtocol {
  return readOriginProtocol(annotations.values);
}

/** Returns the object of claims as messages name it: "Ingress shop/cart", "HTTPRoute shop/cart". */
export function formatOwner(ingress: Ingress): string {
  return `${ingress.ownerKind ?? "Ingress"} ${nameOf(ingress)}`;
}

export function buildSubject(ingress: Ingress, field: string): Subject {
  return { object: formatOwner(ingress), source: ingress.source, field };
}

/** The place of a path. All paths of an Ingress share its texts, because they stay in memory. */
interface PathPlace {
  readonly owner: IngressConfig;
  readonly name: string; // "namespace/name"
  readonly object: string; // "Ingress namespace/name"
  readonly host: string;
  readonly ruleIndex: number;
  readonly pathIndex: number;
}

const NO_POLICIES: Claim["excludedPolicies"] = [];

function parseClaim(
  { owner, name, object, host, ruleIndex, pathIndex }: PathPlace,
  ingressPath: IngressPath,
  report: Report,
): Claim[] {
  const field = joinFlat("spec.rules[", ruleIndex, "].http.paths[", pathIndex, "]");
  const subject = { object, source: owner.ingress.source, field };
  const type = parsePathType(ingressPath.pathType);
  const path = parsePath(ingressPath.path, ingressPath.pathType);
  for (const [fieldName, result] of [["pathType", type] as const, ["path", path] as const]) {
    if (result.ok) continue;
    report(
      "InvalidPath",
      { ...subject, field: `${field}.${fieldName}` },
      result.problem,
      "correct it; until then the path is dropped",
    );
    return [];
  }
  if (!type.ok || !path.ok) return [];
  if (ingressPath.backend.type === "other") {
    const { problem, remedy } = ingressPath.backend;
    report("UnsupportedBackend", { ...subject, field: `${field}.backend` }, problem, remedy);
    return [];
  }
  return [
    {
      owner,
      id: joinFlat(name, "#", ruleIndex, ".", pathIndex),
      host,
      type: type.value,
      path: path.value,
      backend: ingressPath.backend,
      excludedPolicies: NO_POLICIES,
      permit: FULL_HOST,
      subject,
    },
  ];
}

/** Only one claim with a key becomes a route. Paths that differ only in percent-encoding have the same key. */
export function buildRouteKey({
  host,
  type,
  path,
  httpRoute,
}: Pick<Claim, "host" | "type" | "path" | "httpRoute">): string {
  return `${host} ${type} ${type === "full-regex" ? path : decodePath(path)}${httpRoute?.conditionKey ?? ""}`;
}

/** ImplementationSpecific, and an absent type, mean Prefix as in ingress-nginx, because charts rely on it. */
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

/**
 * Accepts the same paths as the API server:
 * https://kubernetes.io/docs/concepts/services-networking/ingress/#path-types.
 */
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
