import type { PolicyContext } from "../../../src/rules/policies/policy.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import type { Backend } from "../../../src/rules/snapshot.ts";
import { nameOf, type Reference, type Secret } from "../../collect/cluster-model.ts";
import type { HostLookups } from "../backends/cluster-index.ts";
import { resolveSubrequestTarget } from "../backends/subrequest-targets.ts";
import { type Claim, readBackendProtocol } from "../claims/claims.ts";
import { isDefaultBackendClaim } from "../claims/default-backend.ts";
import type { Report } from "../diagnostics.ts";
import { ACCEPT_DEGRADED, acceptsDegraded } from "../select/accept-degraded.ts";
import { annotationCatalog, failsClosed } from "../select/annotation-catalog.ts";
import { buildSearchRegex } from "./regex.ts";

/** Where a claim's policies are compiled. Backends that they ask for go into `backends`, problems into `closing`. */
export function createPolicyContext(
  claim: Pick<Claim, "id" | "owner" | "host" | "path" | "backend">,
  tls: boolean,
  lookups: HostLookups,
  backends: Map<string, Backend>,
  failClosedReasons: string[],
  report: Report,
): PolicyContext {
  const { ingress, annotations } = claim.owner;
  const { namespace } = ingress;
  const buildAnnotationSubject = (annotation: string) => ({
    object: `Ingress ${nameOf(ingress)}`,
    source: ingress.source,
    field: `metadata.annotations[${annotations.findKey(annotation) ?? annotation}]`,
  });
  const protocol = readBackendProtocol(claim.owner);
  const resolveBackend: PolicyContext["resolveBackend"] = (name, port) => {
    const resolution = lookups.resolve(
      namespace,
      { name, port: port ?? findFirstPort(lookups, namespace, name) },
      protocol,
    );
    if (!resolution.ok) return failure(resolution.problem);
    backends.set(resolution.id, resolution.backend);
    return success(resolution.id);
  };
  return {
    namespace,
    ingress: ingress.name,
    host: claim.host,
    path: claim.path,
    isFallback: isDefaultBackendClaim(claim),
    service: claim.backend?.name ?? "",
    port: String(claim.backend?.port ?? ""),
    tls,
    zones: lookups.zones,
    isLegacy: annotations.isLegacy,
    readSecret: (reference) => readReferenced("Secret", reference, namespace, lookups),
    readConfigMap: (reference) => readReferenced("ConfigMap", reference, namespace, lookups),
    resolveBackend,
    resolveTarget: (url) => resolveSubrequestTarget(url, namespace, lookups, backends),
    tokenizeSecret: lookups.options.tokenizeSecret,
    translateRegex: (pattern) => buildSearchRegex(pattern, lookups.options.inspect),
    allowedResponseHeaders: lookups.allowedResponseHeaders,
    failClosed(annotation, problem, remedy) {
      if (acceptsDegraded(annotation, claim.owner)) {
        report(
          "UnsupportedAnnotation",
          buildAnnotationSubject(annotation),
          `${problem}; ${ACCEPT_DEGRADED} serves without`,
          remedy,
        );
        return;
      }
      failClosedReasons.push(`${annotation}: ${problem}`);
      const acceptHint = failsClosed(annotation) ? `, unless edgress.dev/${ACCEPT_DEGRADED} names it` : "";
      report(
        "RouteFailedClosed",
        buildAnnotationSubject(annotation),
        problem,
        `${remedy}; until then its paths answer 503${acceptHint}`,
      );
    },
    deny(annotation, problem, remedy) {
      report(
        "RouteFailedClosed",
        buildAnnotationSubject(annotation),
        problem,
        `${remedy}; until then nobody is let in`,
      );
    },
    warn(annotation, problem, remedy) {
      const isIgnored = annotationCatalog.get(annotation)?.row.support === "ignored";
      report(
        isIgnored ? "UnsupportedAnnotation" : "InvalidAnnotation",
        buildAnnotationSubject(annotation),
        problem,
        remedy,
      );
    },
  };
}

/** "name" in the Ingress's own namespace, or "namespace/name", which must be the same: what is another's is not ours to read. */
function readReferenced(
  kind: Reference["kind"],
  reference: string,
  namespace: string,
  { lookUp }: HostLookups,
): Result<Secret["data"]> {
  const name = reference.includes("/") ? reference : `${namespace}/${reference}`;
  if (!name.startsWith(`${namespace}/`)) return failure(`${kind} ${name} is in another namespace`);
  const object = lookUp(kind, name);
  if (object) return success(object.data);
  const readProblem = lookUp("unreadable", `${kind} ${name}`);
  return failure(
    readProblem === undefined ? `there is no ${kind} ${name}` : `${kind} ${name} cannot be read: ${readProblem}`,
  );
}

function findFirstPort({ lookUp }: HostLookups, namespace: string, name: string): number | string {
  return lookUp("service", `${namespace}/${name}`)?.ports[0]?.port ?? "its first port";
}
