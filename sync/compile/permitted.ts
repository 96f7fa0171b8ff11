import { ANY_HOST, parseHost } from "../../src/rules/hosts.ts";
import { decodePath } from "../../src/rules/paths.ts";
import { keepsRest } from "../../src/rules/policies/rewrite.ts";
import { isCanary } from "./canaries.ts";
import { type Asked, type Claim, type Owner, subjectOf } from "./claims.ts";
import type { Reason, Report } from "./diagnostic.ts";
import { literalBeginning } from "./fence.ts";
import { isWhole, liesWithin, type Permits, permittedPaths } from "./permits.ts";

const ASK = "ask whoever keeps the permits of edgress to add";

/**
 * What of an Ingress's claims its namespace may have. The rest is reported and left out before anything is granted, so it
 * takes nothing from anyone. Who may have but part of a host is none of its owners: the host's policies, its further names
 * and what no path takes are not theirs to say.
 */
export function permitted(asked: Asked, permits: Permits, report: Report): Asked {
  if (!permits.claims) return asked;
  const { namespace } = asked.owner.ingress;
  const paths = new Map([...new Set(asked.hosts)].map((host) => [host, permittedPaths(permits, namespace, host)]));
  for (const [host, own] of paths) {
    if (own.length === 0) reportHost(asked.owner, host, report);
    else if (!isWhole(own) && !isCanary(asked)) reportWhatIsForAll(asked.owner, host, own, report);
  }
  return {
    ...asked,
    hosts: asked.hosts.filter((host) => isWhole(paths.get(host) ?? [])),
    claims: asked.claims.flatMap((claim) => permittedClaim(claim, paths.get(claim.host) ?? [], report)),
  };
}

function permittedClaim(claim: Claim, own: readonly string[], report: Report): Claim[] {
  if (isWhole(own)) return [claim];
  if (own.length === 0) return [];
  const problem = problemOf(claim, own);
  if (problem === undefined) return [{ ...claim, within: own }];
  const { namespace } = claim.owner.ingress;
  const subject = { ...claim.subject, field: `${claim.subject.field}.path` };
  const what = `namespace ${namespace} may not claim path ${claim.path} of ${textOf(claim.host)}`;
  report(
    "ClaimRefused",
    subject,
    `${what}: ${problem}`,
    `${ASK} the path for namespace ${namespace}, or write another`,
  );
  return [];
}

function problemOf(claim: Claim, own: readonly string[]): string | undefined {
  const only = `it may have only ${own.join(", ")}`;
  if (!mayBeExpression(claim)) return liesWithin(decodePath(claim.path), own) ? undefined : only;
  const beginning = literalBeginning(claim.path);
  if (beginning === undefined) return "it is an expression with alternatives outside of parentheses";
  return liesWithin(beginning, own) ? undefined : `it is an expression that begins with ${beginning}, and ${only}`;
}

function mayBeExpression({ owner: { read } }: Claim): boolean {
  const target = read.values.rewrite["rewrite-target"];
  const rewrites = typeof target === "string" && target !== "" && !keepsRest(target, read.isLegacy("rewrite-target"));
  return rewrites || read.values.rewrite["use-regex"] === true;
}

function reportHost({ ingress }: Owner, host: string, report: Report): void {
  const { namespace } = ingress;
  const remedy = `${ASK} it for namespace ${namespace}, or name another host`;
  for (const field of fieldsOf(ingress, host)) {
    report("ClaimRefused", subjectOf(ingress, field), `namespace ${namespace} may not claim ${textOf(host)}`, remedy);
  }
}

/** The fields in which an Ingress names a host; any host may be that of a default backend without rules. */
export function fieldsOf(ingress: Owner["ingress"], host: string): string[] {
  const fields = ingress.rules.flatMap((rule, index) => {
    const named = parseHost(rule.host);
    return named.ok && named.value === host ? [`spec.rules[${index}].host`] : [];
  });
  return fields.length > 0 ? fields : ["spec.defaultBackend"];
}

/** What an Ingress writes for the whole of a host counts for nothing where it has but part of it; guards hold for its own paths. */
function reportWhatIsForAll(owner: Owner, host: string, own: readonly string[], report: Report): void {
  const { ingress, read } = owner;
  const { namespace } = ingress;
  const all = `the whole of ${textOf(host)}, of which namespace ${namespace} may have only ${own.join(", ")}`;
  const tell = (reason: Reason, field: string, effect: string) => {
    const remedy = `${ASK} / for namespace ${namespace}, or remove it`;
    report(reason, subjectOf(ingress, field), `it is for ${all}; ${effect}`, remedy);
  };
  const { appRoot, fromToWww, clientCertificate } = read.values;
  const keyOf = (name: string) => `metadata.annotations[${read.keyOf(name)}]`;
  if (ingress.defaultBackend) tell("ClaimRefused", "spec.defaultBackend", "it takes nothing there");
  for (const [name, written] of Object.entries({ ...appRoot, ...fromToWww })) {
    if (written && String(written) !== "") tell("ClaimRefused", keyOf(name), "it counts for nothing there");
  }
  if (clientCertificate["auth-tls-secret"] !== undefined) {
    tell("DoesLess", keyOf("auth-tls-secret"), "it holds for the paths of this Ingress");
  }
}

/** A host as a message names it. */
export function textOf(host: string): string {
  return host === ANY_HOST ? "what no other host takes" : `host ${host}`;
}
