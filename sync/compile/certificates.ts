import type { Ingress, Secret } from "../collect/cluster.ts";
import { subjectOf } from "./claims.ts";
import type { Report } from "./diagnostic.ts";
import { nameOf } from "./select.ts";

/** Reports Secrets that `spec.tls` names and that are not there. Cloudflare's own certificate serves all the same. */
export function checkCertificates(ingresses: readonly Ingress[], secrets: readonly Secret[], report: Report): void {
  const known = new Set(secrets.map(nameOf));
  for (const ingress of ingresses) {
    ingress.tls.forEach(({ secretName }, index) => {
      if (secretName === undefined || known.has(`${ingress.namespace}/${secretName}`)) return;
      const problem = `there is no Secret ${ingress.namespace}/${secretName}; the edge's own certificate serves`;
      report(
        "CertificateMissing",
        subjectOf(ingress, `spec.tls[${index}].secretName`),
        problem,
        "create it, or leave it so",
      );
    });
  }
}
