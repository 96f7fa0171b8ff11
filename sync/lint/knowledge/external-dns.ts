import type { Finding } from "../findings/finding.ts";
import { buildLocation, type IndexedObject } from "../findings/object-index.ts";
import { buildIssue } from "./known-issue.ts";

/** The default of version 0.22 and newer, and that of older ones. */
const PREFIXES = ["external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/"];
/** Another value of the annotation `controller` makes external-dns ignore the Ingress. */
const CONTROLLER = "dns-controller";

/** Reports records that external-dns would not proxy: requests then pass the edge by. */
export function checkExternalDns(indexedObject: IndexedObject): Finding[] {
  return PREFIXES.flatMap((prefix) => checkPrefix(indexedObject, prefix));
}

function checkPrefix({ owner }: IndexedObject, prefix: string): Finding[] {
  const proxiedKey = `${prefix}cloudflare-proxied`;
  const proxied = owner.annotations[proxiedKey];
  const key = Object.keys(owner.annotations).find((candidate) => candidate.startsWith(prefix));
  const controller = owner.annotations[`${prefix}controller`] ?? CONTROLLER;
  if (key === undefined || proxied === "true" || controller !== CONTROLLER) return [];
  const location = buildLocation(owner, `metadata.annotations[${proxied === undefined ? key : proxiedKey}]`);
  const remedy = `set ${proxiedKey}: "true"`;
  if (proxied !== undefined) {
    const problem = "external-dns creates records that are not proxied, so no request reaches the edge";
    return [buildIssue(location, "external-dns-not-proxied", "different", problem, remedy)];
  }
  const problem = "external-dns creates records that are not proxied, unless it runs with --cloudflare-proxied";
  return [buildIssue(location, "external-dns-not-proxied", "note", problem, remedy)];
}
