import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { HostGrant, IngressClaims } from "../model.ts";
import { buildSubject } from "./claims.ts";

/**
 * Reports Secrets in `spec.tls` that do not exist. Reports nothing if Secrets are unreadable: Cloudflare's certificate
 * is used in every case, so the controller needs no access to them.
 */
export function reportMissingTlsSecrets(
  ingressClaims: readonly IngressClaims[],
  { secrets, certificates }: Pick<Cluster, "secrets" | "certificates">,
  report: Report,
): void {
  if (certificates !== "known") return;
  const secretNames = new Set(secrets.map(nameOf));
  for (const { owner } of ingressClaims) {
    const { ingress } = owner;
    ingress.tls.forEach(({ secretName }, index) => {
      if (secretName === undefined || secretNames.has(`${ingress.namespace}/${secretName}`)) return;
      const problem = `Secret not found: ${ingress.namespace}/${secretName}; the edge's certificate is used`;
      report(
        "TLSSecretNotFound",
        buildSubject(ingress, `spec.tls[${index}].secretName`),
        problem,
        "create it, or ignore this note",
      );
    });
  }
}

/** Whether a host has a certificate: one of its Ingresses has `spec.tls`, with or without a Secret name. */
export function hasOwnCertificate({ ownership }: HostGrant): boolean {
  return ownership.type === "full" && ownership.owners.some(({ ingress }) => ingress.tls.length > 0);
}
