import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { IngressClaims } from "../model.ts";
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
  if (certificates === "unknown") return;
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

/** Returns the hosts with a certificate: those of Ingresses with `spec.tls`, with or without a Secret name. */
export function findTlsHosts(ingressClaims: readonly IngressClaims[]): Set<string> {
  return new Set(
    ingressClaims
      .filter(({ owner }) => owner.ingress.tls.length > 0)
      .flatMap(({ hosts }) => hosts.flatMap(({ host, permit }) => (permit.type === "full" ? [host] : []))),
  );
}
