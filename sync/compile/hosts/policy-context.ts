import type { PolicyContext, PolicyReports } from "../../../src/rules/policies/policy.ts";
import { failure, type Result, success } from "../../../src/rules/result.ts";
import { nameOf, type Reference, type Secret } from "../../collect/cluster-model.ts";
import { listWholeHosts } from "../../permits/model.ts";
import { resolveSubrequestTarget, type TargetResolution } from "../backends/subrequest-targets.ts";
import { formatOwner, readBackendProtocol } from "../claims/claims.ts";
import { isDefaultBackendClaim } from "../claims/default-backend.ts";
import type { Report, Subject } from "../diagnostics.ts";
import type { Claim, IngressConfig } from "../model.ts";
import { ACCEPT_DEGRADED, acceptsDegraded } from "../select/accept-degraded.ts";
import { annotationCatalog, failsClosed } from "../select/annotation-catalog.ts";
import type { HostCompilation } from "./host-compilation.ts";
import { buildSearchRegex } from "./regex.ts";

/** The route or host whose policies are compiled. */
export type PolicyPlace = Pick<Claim, "id" | "owner" | "host" | "path" | "backend">;

/** Creates the context in which policies read their annotations, and collects the reasons to fail closed. */
export function createPolicyContext(
  place: PolicyPlace,
  tls: boolean,
  compilation: HostCompilation,
): { context: PolicyContext; listFailClosedReasons: () => readonly string[] } {
  const { ingress, annotations } = place.owner;
  const { options } = compilation;
  const reporting = createPolicyReports(place.owner, compilation.report);
  const context = {
    namespace: ingress.namespace,
    ingress: ingress.name,
    ingressUid: ingress.uid,
    host: place.host,
    path: place.path,
    isFallback: isDefaultBackendClaim(place),
    service: place.backend?.name ?? "",
    port: String(place.backend?.port ?? ""),
    tls,
    zones: options.zones,
    wholeHosts: listWholeHosts(options.permits, ingress.namespace),
    isLegacy: annotations.isLegacy,
    isEnforced: annotations.isEnforced,
    isSet: (annotation: string) => annotations.findKey(annotation) !== undefined,
    ...createPolicyLookups(place.owner, compilation),
    tokenizeSecret: compilation.tokenizeSecret,
    translateRegex: (pattern: string) =>
      buildSearchRegex(pattern, (regex) => compilation.checkRegex(ingress.namespace, regex)),
    allowedResponseHeaders: options.allowedResponseHeaders.map((name) => name.toLowerCase()),
    ...reporting.reports,
  };
  return { context, listFailClosedReasons: reporting.listFailClosedReasons };
}

type PolicyLookups = Pick<PolicyContext, "readSecret" | "readConfigMap" | "resolveBackend" | "resolveTarget">;

function createPolicyLookups(owner: IngressConfig, compilation: HostCompilation): PolicyLookups {
  const { namespace } = owner.ingress;
  const { index, resolve, useBackend, options } = compilation;
  return {
    readSecret: (reference) => readReferenced("Secret", reference, namespace, compilation),
    readConfigMap: (reference) => readReferenced("ConfigMap", reference, namespace, compilation),
    resolveBackend(name, port = findFirstPort(compilation, namespace, name)) {
      const resolution = resolve(namespace, { name, port }, readBackendProtocol(owner));
      if (resolution.ok) return success(useBackend(resolution));
      return { ok: false, problem: resolution.problem, remedy: resolution.remedy };
    },
    resolveTarget(annotation, url) {
      const resolution = resolveSubrequestTarget(url, namespace, { index, resolve, options });
      reportReference(annotation, resolution, owner, compilation.report);
      if (!resolution.ok) return resolution;
      const { target, backend } = resolution.value;
      if (backend) useBackend(backend);
      return success(target);
    },
  };
}

/** Reports a reference to a Service of another namespace, if that namespace did not grant it. */
function reportReference(annotation: string, resolution: TargetResolution, owner: IngressConfig, report: Report): void {
  const subject = buildAnnotationSubject(annotation, owner);
  if (!resolution.ok && resolution.consent !== undefined) {
    report("ReferenceNotPermitted", subject, resolution.problem, resolution.consent);
  }
  if (resolution.ok && resolution.value.ungrantedService) {
    const service = resolution.value.ungrantedService;
    const problem = `Service ${nameOf(service)} of another namespace gets requests without a ReferenceGrant`;
    const remedy = `create a ReferenceGrant in namespace ${service.namespace}, because permits would require it`;
    report("UngrantedReference", subject, problem, remedy);
  }
}

interface PolicyReporting {
  readonly reports: PolicyReports;
  readonly listFailClosedReasons: () => readonly string[];
}

function createPolicyReports(owner: IngressConfig, report: Report): PolicyReporting {
  const failClosedReasons: string[] = [];
  const reports: PolicyReporting["reports"] = {
    failClosed(annotation, problem, remedy) {
      const subject = buildAnnotationSubject(annotation, owner);
      if (acceptsDegraded(annotation, owner)) {
        report("UnsupportedAnnotation", subject, `${problem}; served without it because of ${ACCEPT_DEGRADED}`, remedy);
        return;
      }
      failClosedReasons.push(`${annotation}: ${problem}`);
      const acceptHint = failsClosed(annotation) ? `, unless edgress.dev/${ACCEPT_DEGRADED} lists it` : "";
      report("RouteFailedClosed", subject, problem, `${remedy}; until then its paths return 503${acceptHint}`);
    },
    deny(annotation, problem, remedy) {
      const subject = buildAnnotationSubject(annotation, owner);
      report("RouteFailedClosed", subject, problem, `${remedy}; until then all clients are rejected`);
    },
    warn(annotation, problem, remedy) {
      const isIgnored = annotationCatalog.get(annotation)?.row.support === "ignored";
      const reason = isIgnored ? "UnsupportedAnnotation" : "InvalidAnnotation";
      report(reason, buildAnnotationSubject(annotation, owner), problem, remedy);
    },
    refuseHost(annotation, host) {
      const problem = `host ${host} not permitted for namespace ${owner.ingress.namespace}; the client's Host is sent`;
      const remedy = "set a host of the namespace, or ask your edgress administrator to permit all of it in claims";
      report("HostHeaderNotPermitted", buildAnnotationSubject(annotation, owner), problem, remedy);
    },
  };
  return { reports, listFailClosedReasons: () => failClosedReasons };
}

function buildAnnotationSubject(annotation: string, { ingress, annotations }: IngressConfig): Subject {
  return {
    object: formatOwner(ingress),
    source: ingress.source,
    field: `metadata.annotations[${annotations.findKey(annotation) ?? annotation}]`,
  };
}

/**
 * Reads "name" or "namespace/name". The namespace must be the Ingress's own, because the controller must not expose
 * objects of other namespaces.
 */
function readReferenced(
  kind: Reference["kind"],
  reference: string,
  namespace: string,
  { index, useReference }: HostCompilation,
): Result<Secret["data"]> {
  const name = reference.includes("/") ? reference : `${namespace}/${reference}`;
  if (!name.startsWith(`${namespace}/`)) return failure(`${kind} must be in the namespace of the Ingress: ${name}`);
  useReference({ kind, namespace, name: name.slice(namespace.length + 1) });
  const object = kind === "Secret" ? index.secret(name) : index.configMap(name);
  if (object) return success(object.data);
  const readProblem = index.readProblem(`${kind} ${name}`);
  return failure(
    readProblem === undefined ? `${kind} not found: ${name}` : `${kind} ${name} is unreadable: ${readProblem}`,
  );
}

function findFirstPort({ index }: HostCompilation, namespace: string, name: string): number | string {
  return index.service(`${namespace}/${name}`)?.ports[0]?.port ?? "its first port";
}
