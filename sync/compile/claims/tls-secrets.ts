import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { HostGrant, IngressClaims } from "../model.ts";
import { buildSubject } from "./claims.ts";

/**
 * Reports Secrets that `spec.tls` names and that are not there. Cloudflare's own certificate serves all the same, so they
 * need not be read; where they are not, there is nothing to say.
 */
export function reportMissingTlsSecrets(
  ingressClaims: readonly IngressClaims[],
  { secrets, certificates }: Pick<Cluster, "secrets" | "certificates">,
  report: Report,
): void {
  if (certificates === "unknown") return;
  const secretNames = new Set(secrets.map(nameOf));
  for (const { owner } of ingressClaims) {
    const { ingress } = owner;
    ingress.tls.forEach(({ secretName }, index) => {
      if (secretName === undefined || secretNames.has(`${ingress.namespace}/${secretName}`)) return;
      const problem = `there is no Secret ${ingress.namespace}/${secretName}; the edge's own certificate serves`;
      report(
        "TLSSecretNotFound",
        buildSubject(ingress, `spec.tls[${index}].secretName`),
        problem,
        "create it, or leave it so",
      );
    });
  }
}

/** Whether a host has a certificate: one of its Ingresses has a `spec.tls`, even one that names no Secret. */
export function hasOwnCertificate({ ownership }: HostGrant): boolean {
  return ownership.type === "full" && ownership.owners.some(({ ingress }) => ingress.tls.length > 0);
}
