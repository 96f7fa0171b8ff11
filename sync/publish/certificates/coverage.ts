import type { ZonePack } from "../../cloudflare/certificates.ts";
import type { HostIssue } from "../hosts/model.ts";

/** A host with https, and the Ingresses ("namespace/name") or other objects ("HTTPRoute namespace/name") that it is from. */
export interface HttpsHost {
  readonly host: string;
  readonly ingresses: readonly string[];
  /** Whether a wildcard covers names with more than one label before it, as that of a Gateway. */
  readonly isDeep?: boolean;
}

/** The certificates of a zone. */
export interface CertificateState {
  readonly packs: readonly ZonePack[];
  readonly hasTotalTls: boolean;
}

/** Certificate authorities issue no certificate for a longer common name. */
const MAX_TOTAL_TLS_HOST = 64;
const PENDING =
  /^(initializing|pending_(validation|issuance|deployment)|staging_(deployment|active)|holding_deployment)$/;
const TIMED_OUT = /_timed_out$/;

/** Returns an issue for each host that no active certificate covers. */
export function findUncoveredHosts(
  zone: string,
  hosts: readonly HttpsHost[],
  certificates: CertificateState,
): HostIssue[] {
  return hosts.flatMap(({ host, ingresses, isDeep = false }) => {
    const issue = findCertificateIssue(zone, host, certificates) ?? (isDeep ? describeDeepNames(host) : undefined);
    return issue ? [{ ...issue, ingresses }] : [];
  });
}

/** A wildcard of a certificate covers one label (RFC 9525), and that of a Gateway any number. */
function describeDeepNames(host: string): HostIssue {
  const suffix = host.slice(1);
  const problem = `certificates for ${host} cover one label; https of names with more labels, such as a.b${suffix}, fails without a certificate for *.b${suffix}`;
  const remedy = "use names with one label, or order a certificate for each further level";
  return { host, reason: "CertificateCoversOneLabel", problem, remedy };
}

function findCertificateIssue(
  zone: string,
  host: string,
  { packs, hasTotalTls }: CertificateState,
): HostIssue | undefined {
  const statuses = packs
    .filter(({ hosts }) => hosts.some((name) => certificateCovers(name, host)))
    .map(({ status }) => status);
  if (statuses.includes("active")) return undefined;
  const pending = statuses.find((status) => PENDING.test(status));
  const isOrdered = hasTotalTls && !host.startsWith("*.") && host.length <= MAX_TOTAL_TLS_HOST;
  if (pending !== undefined || isOrdered) {
    const state = pending === undefined ? "Total TLS orders it" : `its status is ${pending}`;
    const problem = `the certificate of ${host} is not active yet: ${state}; https fails until then`;
    return {
      host,
      reason: "CertificatePending",
      problem,
      remedy: "wait some minutes, then look at the zone's certificates",
    };
  }
  const timedOut = statuses.find((status) => TIMED_OUT.test(status));
  if (timedOut !== undefined) {
    const problem = `the certificate of ${host} was not issued: its status is ${timedOut}; https fails`;
    return { host, reason: "CertificateNotCovered", problem, remedy: "restart its validation in the dashboard" };
  }
  const depth = host === zone ? 0 : host.slice(0, -zone.length - 1).split(".").length;
  const cause = depth > 1 ? `; Universal SSL covers ${zone} and one label below it` : "";
  const problem = `no certificate of zone ${zone} covers ${host}${cause}; https fails`;
  const remedy =
    depth > 1
      ? "turn on Total TLS, order a certificate with Advanced Certificate Manager, or use --upload-certificates"
      : "turn on Universal SSL for the zone, or order a certificate";
  return { host, reason: "CertificateNotCovered", problem, remedy };
}

/** Whether a name of a certificate covers a host. A wildcard covers one label. */
export function certificateCovers(name: string, host: string): boolean {
  if (name.toLowerCase() === host) return true;
  return (
    name.startsWith("*.") && !host.startsWith("*.") && host.slice(host.indexOf(".")) === name.slice(1).toLowerCase()
  );
}
