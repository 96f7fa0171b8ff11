import type { Finding } from "../findings/finding.ts";
import { buildLocation, type IndexedObject } from "../findings/object-index.ts";
import { buildIssue } from "./known-issue.ts";

const PREFIXES = ["cert-manager.io/", "acme.cert-manager.io/", "certmanager.k8s.io/", "kubernetes.io/tls-acme"];

/** Notes once per Ingress that the edge does not serve the certificate of cert-manager. */
export function checkCertManager({ owner }: IndexedObject): Finding[] {
  const key = Object.keys(owner.annotations).find((candidate) =>
    PREFIXES.some((prefix) => candidate.startsWith(prefix)),
  );
  if (key === undefined) return [];
  const problem = "the edge serves Cloudflare's certificate, and HTTP-01 challenges do not pass it";
  const remedy = "remove the annotation, or use DNS-01 if the cluster still needs a certificate";
  return [buildIssue(buildLocation(owner, `metadata.annotations[${key}]`), "cert-manager", "note", problem, remedy)];
}
