import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import type { IngressClaims } from "../model.ts";
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

/** The hosts that have a certificate: those of Ingresses with a `spec.tls`, even one that names no Secret. */
export function findTlsHosts(ingressClaims: readonly IngressClaims[]): Set<string> {
  return new Set(
    ingressClaims
      .filter(({ owner }) => owner.ingress.tls.length > 0)
      .flatMap(({ hosts }) => hosts.flatMap(({ host, permit }) => (permit.type === "full" ? [host] : []))),
  );
}
