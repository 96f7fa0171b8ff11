import { type Cluster, type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import { buildSubject } from "./claims.ts";

/**
 * Reports Secrets that `spec.tls` names and that are not there. Cloudflare's own certificate serves all the same, so they
 * need not be read; where they are not, there is nothing to say.
 */
export function reportMissingTlsSecrets(
  ingresses: readonly Ingress[],
  { secrets, certificates }: Pick<Cluster, "secrets" | "certificates">,
  report: Report,
): void {
  if (certificates === "unknown") return;
  const secretNames = new Set(secrets.map(nameOf));
  for (const ingress of ingresses) {
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
