import { CATCH_ALL_HOST } from "../../../src/rules/hosts.ts";
import type { Ingress } from "../../collect/cluster-model.ts";
import { FULL_HOST } from "../../permits/model.ts";
import type { Report } from "../diagnostics.ts";
import type { IngressClaims } from "../model.ts";
import type { StageOptions } from "../options.ts";
import { applyClassDefaults, type ClassDefaults } from "../select/class-defaults.ts";
import { reportUnknownAnnotations } from "../select/unknown-annotations.ts";
import { buildSubject, parseClaims } from "./claims.ts";
import { enforcePermits } from "./enforce-permits.ts";

/** Returns the claims of an Ingress that its namespace may make. If its class is unreadable its routes are closed. */
export function readClaims(
  ingress: Ingress,
  classDefaults: ClassDefaults | undefined,
  options: StageOptions,
  report: Report,
): IngressClaims {
  reportUnknownAnnotations(ingress, report);
  const ingressClaims = parseClaims(
    applyClassDefaults(ingress, classDefaults, report),
    classDefaults?.type === "read" ? classDefaults.enforcedNames : new Set(),
    options,
    report,
  );
  const guardedClaims =
    classDefaults?.type === "unreadable" ? closeClaims(ingressClaims, classDefaults.reason, report) : ingressClaims;
  return enforcePermits(addCatchAllHost(guardedClaims), options.permits, report);
}

/** Closes all routes, because a guard may be missing. */
function closeClaims({ owner, claims, hosts }: IngressClaims, reason: string, report: Report): IngressClaims {
  const problem = `class defaults unreadable: ${reason}`;
  const subject = buildSubject(owner.ingress, "spec.ingressClassName");
  report("RouteFailedClosed", subject, problem, "until then its paths return 503");
  const closedOwner = { ...owner, annotations: { ...owner.annotations, closingReason: "class defaults are invalid" } };
  return { owner: closedOwner, hosts, claims: claims.map((claim) => ({ ...claim, owner: closedOwner })) };
}

/** The default backend of an Ingress without rules serves the catch-all host. */
function addCatchAllHost(ingressClaims: IngressClaims): IngressClaims {
  const { rules, defaultBackend } = ingressClaims.owner.ingress;
  if (rules.length > 0 || !defaultBackend) return ingressClaims;
  return { ...ingressClaims, hosts: [{ host: CATCH_ALL_HOST, permit: FULL_HOST }] };
}
