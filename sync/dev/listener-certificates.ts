import { nameOf, type Secret } from "../collect/cluster-model.ts";
import type { JudgedListener } from "../compile/gateway/judged-gateways.ts";
import type { Certificate } from "../local/network/certificates.ts";

/**
 * Returns the usable certificates of served HTTPS listeners by host, as rules name it. Of equal hosts, the last one counts.
 */
export function collectListenerCertificates(
  listeners: readonly Pick<JudgedListener, "hostname" | "secrets" | "served">[],
  secrets: readonly Secret[],
): Map<string, Certificate> {
  const secretsByName = new Map(secrets.map((secret) => [nameOf(secret), secret.data]));
  const entries = listeners
    .filter(({ served }) => served.length > 0)
    .flatMap(({ hostname, secrets: ownSecrets }) =>
      ownSecrets.flatMap(({ name, isUsable }) => {
        const data = secretsByName.get(name);
        const [cert, key] = [data?.["tls.crt"], data?.["tls.key"]];
        if (!isUsable || cert === undefined || key === undefined) return [];
        return [[hostname.replace(/^\*\./, "**."), { cert, key }] as const];
      }),
    );
  return new Map(entries);
}
