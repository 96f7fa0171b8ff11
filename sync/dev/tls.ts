import { ANY_HOST, parseHost } from "../../src/rules/hosts.ts";
import type { Cluster, Ingress, IngressTls } from "../collect/cluster.ts";
import { nameOf } from "../compile/select.ts";
import type { Certificate } from "./certificates.ts";

/** The certificates that the local edge presents: those of the Secrets in `spec.tls`, the oldest Ingress's where two differ. */
export function certificatesOf(ingresses: readonly Ingress[], { secrets }: Cluster): Map<string, Certificate> {
  const known = new Map(secrets.map((secret) => [nameOf(secret), secret.data]));
  const found = new Map<string, Certificate>();
  for (const ingress of ingresses.toReversed()) {
    for (const tls of ingress.tls.toReversed()) {
      const data = known.get(`${ingress.namespace}/${tls.secretName}`);
      const [cert, key] = [data?.["tls.crt"], data?.["tls.key"]];
      if (cert === undefined || key === undefined) continue;
      for (const host of hostsOf(ingress, tls)) found.set(host, { cert, key });
    }
  }
  return found;
}

/** The hosts that a `spec.tls` entry names; without any, it is for those of the rules. */
function hostsOf(ingress: Ingress, tls: IngressTls): string[] {
  const named = tls.hosts.length > 0 ? tls.hosts : ingress.rules.map(({ host }) => host);
  return named.flatMap((text) => {
    const host = parseHost(text);
    return host.ok && host.value !== ANY_HOST ? [host.value] : [];
  });
}
