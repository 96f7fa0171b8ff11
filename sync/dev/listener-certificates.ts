import { nameOf, type Secret } from "../collect/cluster-model.ts";
import type { JudgedListener } from "../compile/gateway/judged-gateways.ts";
import type { Certificate } from "../local/network/certificates.ts";

/** The listeners of an object in a namespace. */
export interface ListenerHolder {
  readonly namespace: string;
  readonly listeners: readonly JudgedListener[];
}

/** Returns the certificates of served HTTPS listeners by host, as rules name it. Of equal hosts, the last one counts. */
export function collectListenerCertificates(
  holders: readonly ListenerHolder[],
  secrets: readonly Secret[],
): Map<string, Certificate> {
  const secretsByName = new Map(secrets.map((secret) => [nameOf(secret), secret.data]));
  const entries = holders.flatMap(({ namespace: ownNamespace, listeners }) =>
    listeners
      .filter(({ served }) => served.length > 0)
      .flatMap(({ listener, hostname }) =>
        (listener.tls?.certificateRefs ?? []).flatMap(({ namespace = ownNamespace, name }) => {
          const data = secretsByName.get(nameOf({ namespace, name }));
          const [cert, key] = [data?.["tls.crt"], data?.["tls.key"]];
          if (cert === undefined || key === undefined) return [];
          return [[hostname.replace(/^\*\./, "**."), { cert, key }] as const];
        }),
      ),
  );
  return new Map(entries);
}
