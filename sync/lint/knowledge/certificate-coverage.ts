import { CATCH_ALL_HOST, findZone, ROOT_ZONE } from "../../../src/rules/hosts.ts";
import { redirectsToHttps } from "../../../src/rules/policies/ssl-redirect.ts";
import type { Finding } from "../findings/finding.ts";
import { buildLocation, type IndexedObject } from "../findings/object-index.ts";
import { buildIssue, type KnownContext } from "./known-issue.ts";

/** Second-level names under which countries register domains: "shop.co.uk" is a domain, "co.uk" is not. */
const REGISTRY_LABEL = /^(?:ac|co|com|edu|gob|gov|net|or|org)$/;

/** Reports hosts with https that Universal SSL does not cover: two or more levels below their zone. */
export function checkCertificates({ owner, paths }: IndexedObject, { zones }: KnownContext): Finding[] {
  const hosts = owner.rules.map(({ host }) => host?.toLowerCase() ?? CATCH_ALL_HOST);
  return hosts.flatMap((host, index) => {
    if (hosts.indexOf(host) < index) return []; // another rule of the host comes first
    const isSecured =
      owner.tls.length > 0 || paths.some((path) => path.host === host && redirectsToHttps(path.route.policies));
    const problem = isSecured ? describeCoverage(host, zones) : undefined;
    if (problem === undefined) return [];
    const remedy = "enable Total TLS, or order a certificate with Advanced Certificate Manager";
    const location = buildLocation(owner, `spec.rules[${index}].host`);
    return [buildIssue(location, "certificate-not-covered", "different", problem, remedy)];
  });
}

interface OwnZone {
  readonly name: string;
  readonly isAssumed: boolean;
}

/** Returns why https fails for a host. Undefined if Universal SSL covers it, or if it is in no zone. */
export function describeCoverage(host: string, zones: readonly string[]): string | undefined {
  const zone = findOwnZone(host, zones);
  if (zone === undefined || isCovered(host, zone.name)) return undefined;
  const assumption = zone.isAssumed ? ` (zone ${zone.name} assumed; --zone sets it)` : "";
  return `Universal SSL covers ${zone.name} and one level below it, not ${host}${assumption}: https fails there`;
}

/** Returns the zone of a host. Undefined for the catch-all host, and outside of all zones. */
export function findOwnZone(host: string, zones: readonly string[]): OwnZone | undefined {
  const name = findZone(host, zones);
  if (host === CATCH_ALL_HOST || name === undefined) return undefined;
  return name === ROOT_ZONE ? { name: guessZone(host), isAssumed: true } : { name, isAssumed: false };
}

/** Returns the last two labels of a host, or three for a country's registry such as "co.uk". */
function guessZone(host: string): string {
  const labels = host.split(".");
  const [second = "", first = ""] = labels.slice(-2);
  const isRegistry = first.length === 2 && REGISTRY_LABEL.test(second);
  return labels.slice(isRegistry ? -3 : -2).join(".");
}

function isCovered(host: string, zone: string): boolean {
  if (host === zone) return true;
  return !host.slice(0, -zone.length - 1).includes(".");
}
