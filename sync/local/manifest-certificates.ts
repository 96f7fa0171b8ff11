import { CATCH_ALL_HOST, parseHost } from "../../src/rules/hosts.ts";
import { type Cluster, type Ingress, type IngressTls, nameOf } from "../collect/cluster-model.ts";
import type { Certificate } from "./network/certificates.ts";

/**
 * Returns the certificates of the local edge, from the Secrets in `spec.tls`. The oldest Ingress wins if two differ.
 */
export function collectCertificates(ingresses: readonly Ingress[], { secrets }: Cluster): Map<string, Certificate> {
  const secretDataByName = new Map(secrets.map((secret) => [nameOf(secret), secret.data]));
  const certificates = new Map<string, Certificate>();
  for (const ingress of ingresses.toReversed()) {
    for (const tls of ingress.tls.toReversed()) {
      const data = secretDataByName.get(`${ingress.namespace}/${tls.secretName}`);
      const [cert, key] = [data?.["tls.crt"], data?.["tls.key"]];
      if (cert === undefined || key === undefined) continue;
      for (const host of listTlsHosts(ingress, tls)) certificates.set(host, { cert, key });
    }
  }
  return certificates;
}

/** Returns the hosts of a `spec.tls` entry, by default those of the rules. */
function listTlsHosts(ingress: Ingress, tls: IngressTls): string[] {
  const hostTexts = tls.hosts.length > 0 ? tls.hosts : ingress.rules.map(({ host }) => host);
  return hostTexts.flatMap((text) => {
    const host = parseHost(text);
    return host.ok && host.value !== CATCH_ALL_HOST ? [host.value] : [];
  });
}
