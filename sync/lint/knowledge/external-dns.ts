import type { Finding } from "../findings/finding.ts";
import { buildLocation, type IndexedIngress } from "../findings/ingress-index.ts";
import { buildIssue } from "./known-issue.ts";

const PREFIX = "external-dns.alpha.kubernetes.io/";
const PROXIED = `${PREFIX}cloudflare-proxied`;

/** Reports records that external-dns would not proxy: requests then pass the edge by. */
export function checkExternalDns({ ingress }: IndexedIngress): Finding[] {
  const proxied = ingress.annotations[PROXIED];
  const key = Object.keys(ingress.annotations).find((candidate) => candidate.startsWith(PREFIX));
  if (key === undefined || proxied === "true") return [];
  const location = buildLocation(ingress, `metadata.annotations[${proxied === undefined ? key : PROXIED}]`);
  const remedy = `set ${PROXIED}: "true"`;
  if (proxied !== undefined) {
    const problem = "external-dns creates records that are not proxied, so no request reaches the edge";
    return [buildIssue(location, "external-dns-not-proxied", "different", problem, remedy)];
  }
  const problem = "external-dns creates records that are not proxied, unless it runs with --cloudflare-proxied";
  return [buildIssue(location, "external-dns-not-proxied", "note", problem, remedy)];
}
