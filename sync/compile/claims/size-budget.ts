import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { createObjectMemo, type ObjectMemo } from "../../incremental/memo.ts";
import { createTotalsMemo, type TotalsMemo } from "../../incremental/totals-memo.ts";
import { findLimits } from "../../permits/limits.ts";
import type { Permits } from "../../permits/model.ts";
import type { Report } from "../diagnostics.ts";
import type { IngressClaims, IngressConfig, ParsedAnnotations } from "../model.ts";
import { buildSubject } from "./claims.ts";
import { type EstimatePolicyBytes, estimateBytes } from "./route-size.ts";

/** An Ingress whose closed routes keep up to this number of bytes of settings: those that decide how paths match. */
const MAX_CLOSED_POLICY_BYTES = 1024;

/** Closed Ingresses of earlier compilations. */
type ClosedClaimsMemo = ObjectMemo<IngressClaims, IngressClaims>;

/** Closed Ingresses, and the sizes of the last list of Ingresses. */
export interface SizeMemo {
  readonly closedClaims: ClosedClaimsMemo;
  /** By namespace: the bytes of all Ingresses, and the number of those beyond a limit of one Ingress. */
  readonly sizes: TotalsMemo<IngressClaims, "bytes" | "excesses">;
}

export function createSizeMemo(): SizeMemo {
  return { closedClaims: createObjectMemo(), sizes: createTotalsMemo(({ owner }) => owner.ingress.namespace) };
}

/**
 * Limits what Ingresses add to the rules, before they are compiled. Hosts beyond the limit of an Ingress are dropped. An
 * Ingress that is too large, or for which its namespace has no bytes left, is closed: its paths return 503. The first in
 * the order of the claims get the bytes.
 */
export function enforceSizeBudget(
  ingressClaims: readonly IngressClaims[],
  estimatePolicyBytes: EstimatePolicyBytes,
  permits: Permits,
  memo: SizeMemo,
  report: Report,
): readonly IngressClaims[] {
  const exceedingNamespaces = findExceedingNamespaces(ingressClaims, estimatePolicyBytes, permits, memo);
  if (exceedingNamespaces.size === 0) return ingressClaims;
  const usedBytes = new Map<string, number>();
  return ingressClaims.map((entry) => {
    const { ingress } = entry.owner;
    const { namespace } = ingress;
    if (!exceedingNamespaces.has(namespace)) return entry;
    const limits = findLimits(permits, namespace);
    const used = usedBytes.get(namespace) ?? 0;
    const keep = (kept: IngressClaims, bytes: number) => {
      usedBytes.set(namespace, used + bytes);
      return kept;
    };
    const keptHosts = dropHosts(entry, limits.maxIngressHosts, memo.closedClaims, report);
    const bytes = estimateBytes(keptHosts, estimatePolicyBytes(entry.owner));
    const isTooLarge = bytes > limits.maxIngressBytes;
    if (!isTooLarge && used + bytes <= limits.maxBytes) return keep(keptHosts, bytes);
    const [reason, limit] = isTooLarge
      ? (["IngressTooLarge", `the ${formatSize(limits.maxIngressBytes)} allowed for an Ingress`] as const)
      : ([
          "NamespaceSizeExceeded",
          `the ${formatSize(limits.maxBytes - used)} that namespace ${namespace} has left`,
        ] as const);
    const problem = `routes would use about ${formatSize(bytes)}, more than ${limit}`;
    report(reason, buildSubject(ingress, "spec.rules"), problem, CLOSED_REMEDY);
    const closed = memo.closedClaims(keptHosts, ["closed"], () => closeIngress(keptHosts));
    const closedBytes = estimateBytes(closed, MAX_CLOSED_POLICY_BYTES);
    const isClosedTooLarge = closedBytes > limits.maxIngressBytes || used + closedBytes > limits.maxBytes;
    return isClosedTooLarge ? { ...entry, hosts: [], claims: [] } : keep(closed, closedBytes);
  });
}

/** Returns the namespaces with an Ingress that must be closed or loses hosts. */
function findExceedingNamespaces(
  ingressClaims: readonly IngressClaims[],
  estimatePolicyBytes: EstimatePolicyBytes,
  permits: Permits,
  { sizes }: SizeMemo,
): ReadonlySet<string> {
  const totals = sizes(ingressClaims, [estimatePolicyBytes, permits], (entry) => {
    const { maxIngressHosts, maxIngressBytes } = findLimits(permits, entry.owner.ingress.namespace);
    const bytes = estimateBytes(entry, estimatePolicyBytes(entry.owner));
    return { bytes, excesses: bytes > maxIngressBytes || countNamedHosts(entry) > maxIngressHosts ? 1 : 0 };
  });
  const exceeding = [...totals].filter(
    ([namespace, { bytes, excesses }]) => excesses > 0 || bytes > findLimits(permits, namespace).maxBytes,
  );
  return new Set(exceeding.map(([namespace]) => namespace));
}

const CLOSED_REMEDY =
  "shorten its annotations, Secrets and ConfigMaps, or split it; until then its paths return 503 or are dropped";

function countNamedHosts({ hosts, isInherited }: IngressClaims): number {
  return isInherited ? 0 : hosts.length;
}

/** Drops the hosts of an Ingress beyond the limit. */
function dropHosts(entry: IngressClaims, maxHosts: number, memo: ClosedClaimsMemo, report: Report): IngressClaims {
  if (countNamedHosts(entry) <= maxHosts) return entry;
  const problem = `Ingress names ${entry.hosts.length} hosts, more than the ${maxHosts} allowed; the last ones are dropped`;
  report(
    "IngressTooLarge",
    buildSubject(entry.owner.ingress, "spec.rules"),
    problem,
    "split it into several Ingresses",
  );
  return memo(entry, [maxHosts], () => {
    const hosts = entry.hosts.slice(0, maxHosts);
    const names = new Set(hosts.map(({ host }) => host));
    return { ...entry, hosts, claims: entry.claims.filter(({ host }) => names.has(host)) };
  });
}

/** Closes the routes of an Ingress. Its paths match as before if that takes few bytes. */
function closeIngress({ owner, hosts, claims }: IngressClaims): IngressClaims {
  const closedOwner = closeOwner(owner);
  return { owner: closedOwner, hosts, claims: claims.map((claim) => ({ ...claim, owner: closedOwner })) };
}

function closeOwner({ ingress, annotations }: IngressConfig): IngressConfig {
  const regexValues = keepRegexValues(annotations.values);
  const texts = Object.values(regexValues).flatMap((values) => Object.values(values).map(String));
  const isShort = texts.join("").length <= MAX_CLOSED_POLICY_BYTES;
  const values = isShort ? regexValues : keepRegexValues(annotations.values, "none");
  return { ingress, annotations: { ...annotations, values, closingReason: "the Ingress is too large" } };
}

function keepRegexValues(
  values: ParsedAnnotations["values"],
  kept: "regex" | "none" = "regex",
): ParsedAnnotations["values"] {
  const entries = compiledPolicies.map(({ name, regexPaths }) => [
    name,
    kept === "regex" && regexPaths !== "never" ? values[name] : {},
  ]);
  return Object.fromEntries(entries) as ParsedAnnotations["values"]; // built from the list of policies, so it has every name
}

function formatSize(bytes: number): string {
  return `${Math.max(0, Math.ceil(bytes / 1024))} KiB`;
}
