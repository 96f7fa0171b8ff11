import { CATCH_ALL_HOST, parseHost } from "../../../src/rules/hosts.ts";
import { decodePath } from "../../../src/rules/paths.ts";
import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { findHostPermit, type HostPermit, isPathWithin, type Permits } from "../../permits/model.ts";
import type { Reason, Report } from "../diagnostics.ts";
import { mayHaveRegexPaths } from "../hosts/regex-policies.ts";
import { findLiteralPrefix } from "../hosts/regex-scope.ts";
import type { Claim, HostClaim, IngressClaims, IngressConfig } from "../model.ts";
import { isCanary } from "./canaries.ts";
import { buildSubject } from "./claims.ts";

const askForPermit = "ask whoever keeps the permits of edgress to add";

/**
 * What of an Ingress's claims its namespace may have. The rest is reported and left out before anything is granted, so it
 * takes nothing from anyone. Who may have but part of a host is none of its owners: the host's policies, its further names
 * and what no path takes are not theirs to say.
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
  const refusal = `namespace ${namespace} may not claim path ${claim.path} of ${formatHostLabel(claim.host)}`;
  report(
    "ClaimNotPermitted",
    subject,
    `${refusal}: ${problem}`,
    `${askForPermit} the path for namespace ${namespace}, or write another`,
  );
  return [];
}

function findClaimProblem(claim: Claim, hostPaths: readonly string[]): string | undefined {
  const restriction = `it may have only ${hostPaths.join(", ")}`;
  if (!mayBeRegex(claim)) return isPathWithin(decodePath(claim.path), hostPaths) ? undefined : restriction;
  const literalPrefix = findLiteralPrefix(claim.path);
  if (literalPrefix === undefined) return "it is an expression with alternatives outside of parentheses";
  return isPathWithin(literalPrefix, hostPaths)
    ? undefined
    : `it is an expression that begins with ${literalPrefix}, and ${restriction}`;
}

function mayBeRegex({ owner: { annotations } }: Claim): boolean {
  return mayHaveRegexPaths(annotations);
}

function reportHostNotPermitted({ ingress }: IngressConfig, host: string, report: Report): void {
  const { namespace } = ingress;
  const remedy = `${askForPermit} it for namespace ${namespace}, or name another host`;
  for (const field of findHostFields(ingress, host)) {
    report(
      "ClaimNotPermitted",
      buildSubject(ingress, field),
      `namespace ${namespace} may not claim ${formatHostLabel(host)}`,
      remedy,
    );
  }
}

/** The fields in which an Ingress names a host; any host may be that of a default backend without rules. */
export function findHostFields(ingress: IngressConfig["ingress"], host: string): string[] {
  const fields = ingress.rules.flatMap((rule, index) => {
    const parsedHost = parseHost(rule.host);
    return parsedHost.ok && parsedHost.value === host ? [`spec.rules[${index}].host`] : [];
  });
  return fields.length > 0 ? fields : ["spec.defaultBackend"];
}

/** What an Ingress writes for the whole of a host counts for nothing where it has but part of it; guards hold for its own paths. */
function reportHostWideSettings(
  owner: IngressConfig,
  host: string,
  hostPaths: readonly string[],
  report: Report,
): void {
  const { ingress, annotations } = owner;
  const { namespace } = ingress;
  const wholeHost = `the whole of ${formatHostLabel(host)}, of which namespace ${namespace} may have only ${hostPaths.join(", ")}`;
  const reportSetting = (reason: Reason, field: string, effect: string) => {
    const remedy = `${askForPermit} / for namespace ${namespace}, or remove it`;
    report(reason, buildSubject(ingress, field), `it is for ${wholeHost}; ${effect}`, remedy);
  };
  const buildAnnotationField = (name: string) => `metadata.annotations[${annotations.findKey(name)}]`;
  if (ingress.defaultBackend) reportSetting("ClaimNotPermitted", "spec.defaultBackend", "it takes nothing there");
  for (const { name: policyName, pathLimited } of compiledPolicies) {
    const values = annotations.values[policyName];
    if (pathLimited.effect === "ignored") {
      for (const name of Object.keys(values).filter((candidate) => String(values[candidate] || "") !== ""))
        reportSetting("ClaimNotPermitted", buildAnnotationField(name), "it counts for nothing there");
    }
    if (pathLimited.effect === "own-paths") {
      for (const name of pathLimited.reportedFor.filter((candidate) => values[candidate] !== undefined))
        reportSetting("PartiallySupported", buildAnnotationField(name), "it holds for the paths of this Ingress");
    }
  }
}

/** A host as a message names it. */
export function formatHostLabel(host: string): string {
  return host === CATCH_ALL_HOST ? "what no other host takes" : `host ${host}`;
}
