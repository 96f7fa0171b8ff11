import { CATCH_ALL_HOST, parseHost } from "../../../src/rules/hosts.ts";
import { decodePath } from "../../../src/rules/paths.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { findHostPermit, type HostPermit, isPathWithin, type Permits } from "../../permits/model.ts";
import type { Reason } from "../diagnostic-reasons.ts";
import type { Report } from "../diagnostics.ts";
import { mayHaveRegexPaths } from "../hosts/regex-policies.ts";
import { findLiteralPrefix } from "../hosts/regex-scope.ts";
import type { Claim, HostClaim, IngressClaims, IngressConfig } from "../model.ts";
import { isCanary } from "./canaries.ts";
import { buildSubject } from "./claims.ts";

const askForPermit = "ask your edgress administrator to permit";

/**
 * Returns the claims that the permits of the namespace allow. The others are reported and dropped before conflicts are
 * resolved, so they take no route from other Ingresses. A path-limited namespace is not an owner of the host: it cannot
 * set host-level policies, aliases or the default backend.
 */
export function enforcePermits(ingressClaims: IngressClaims, permits: Permits, report: Report): IngressClaims {
  if (!permits.claims) return ingressClaims;
  const { namespace } = ingressClaims.owner.ingress;
  const hosts = ingressClaims.hosts.flatMap(({ host }): HostClaim[] => {
    const permit = findHostPermit(permits, namespace, host);
    if (!permit) reportHostNotPermitted(ingressClaims.owner, host, report);
    else if (permit.type === "paths" && !isCanary(ingressClaims))
      reportHostWideSettings(ingressClaims.owner, host, permit.paths, report);
    return permit ? [{ host, permit }] : [];
  });
  const permitsByHost = new Map(hosts.map(({ host, permit }) => [host, permit]));
  const claims = ingressClaims.claims.flatMap((claim) =>
    enforceClaimPermit(claim, permitsByHost.get(claim.host), report),
  );
  return { ...ingressClaims, hosts, claims };
}

function enforceClaimPermit(claim: Claim, permit: HostPermit | undefined, report: Report): Claim[] {
  if (!permit) return [];
  if (permit.type === "full") return [claim];
  const problem = findClaimProblem(claim, permit.paths);
  if (problem === undefined) return [{ ...claim, permit }];
  const { namespace } = claim.owner.ingress;
  const subject = { ...claim.subject, field: `${claim.subject.field}.path` };
  const refusal = `path not permitted for namespace ${namespace}: ${claim.path} of ${formatHostLabel(claim.host)}`;
  report(
    "ClaimNotPermitted",
    subject,
    `${refusal}: ${problem}`,
    `${askForPermit} the path for namespace ${namespace}, or use another path`,
  );
  return [];
}

function findClaimProblem(claim: Claim, hostPaths: readonly string[]): string | undefined {
  const restriction = `only ${hostPaths.join(", ")} permitted`;
  if (!mayBeRegex(claim) && claim.type !== "full-regex")
    return isPathWithin(decodePath(claim.path), hostPaths) ? undefined : restriction;
  const literalPrefix = findLiteralPrefix(claim.path);
  if (literalPrefix === undefined) return "a regex with alternatives outside of parentheses";
  return isPathWithin(literalPrefix, hostPaths)
    ? undefined
    : `a regex that starts with ${literalPrefix}; ${restriction}`;
}

/** Whether an annotation of the Ingress may turn its paths into regexes. */
export function mayBeRegex({ owner: { annotations } }: Pick<Claim, "owner">): boolean {
  return mayHaveRegexPaths(annotations);
}

function reportHostNotPermitted({ ingress }: IngressConfig, host: string, report: Report): void {
  const { namespace } = ingress;
  const remedy = `${askForPermit} it for namespace ${namespace}, or use another host`;
  for (const field of findHostFields(ingress, host)) {
    report(
      "ClaimNotPermitted",
      buildSubject(ingress, field),
      `host not permitted for namespace ${namespace}: ${formatHostLabel(host)}`,
      remedy,
    );
  }
}

/** Returns the fields in which an Ingress names a host. A default backend without rules names every host. */
export function findHostFields(ingress: IngressConfig["ingress"], host: string): string[] {
  const fields = ingress.rules.flatMap((rule, index) => {
    const parsedHost = parseHost(rule.host);
    return parsedHost.ok && parsedHost.value === host ? [`spec.rules[${index}].host`] : [];
  });
  if (fields.length > 0) return fields;
  return [ingress.ownerKind === "HTTPRoute" ? "spec.hostnames" : "spec.defaultBackend"];
}

/** Reports the host-level settings of a path-limited namespace. They are ignored; guards apply to its own paths. */
function reportHostWideSettings(
  owner: IngressConfig,
  host: string,
  hostPaths: readonly string[],
  report: Report,
): void {
  const { ingress, annotations } = owner;
  const { namespace } = ingress;
  const wholeHost = `all of ${formatHostLabel(host)}, but namespace ${namespace} is permitted only ${hostPaths.join(", ")}`;
  const reportSetting = (reason: Reason, field: string, effect: string) => {
    const remedy = `${askForPermit} / for namespace ${namespace}, or remove it`;
    report(reason, buildSubject(ingress, field), `setting applies to ${wholeHost}; ${effect}`, remedy);
  };
  const buildAnnotationField = (name: string) => `metadata.annotations[${annotations.findKey(name)}]`;
  if (ingress.defaultBackend) reportSetting("ClaimNotPermitted", "spec.defaultBackend", "it is ignored there");
  for (const { name: policyName, pathLimited } of compiledPolicies) {
    const values = annotations.values[policyName];
    if (pathLimited.effect === "ignored") {
      for (const name of Object.keys(values).filter((candidate) => String(values[candidate] || "") !== ""))
        reportSetting("ClaimNotPermitted", buildAnnotationField(name), "it is ignored there");
    }
    if (pathLimited.effect === "own-paths") {
      for (const name of pathLimited.reportedFor.filter((candidate) => values[candidate] !== undefined))
        reportSetting("PartiallySupported", buildAnnotationField(name), "it applies to the paths of this Ingress");
    }
  }
}

/** Returns a host as messages name it. */
export function formatHostLabel(host: string): string {
  return host === CATCH_ALL_HOST ? "the catch-all host" : `host ${host}`;
}
