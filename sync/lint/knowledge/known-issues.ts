import type { Cluster } from "../../collect/cluster-model.ts";
import type { Finding } from "../findings/finding.ts";
import { checkCertManager } from "./cert-manager.ts";
import { checkCertificates } from "./certificate-coverage.ts";
import { checkExternalDns } from "./external-dns.ts";
import { checkExternalIps } from "./external-ips.ts";
import { checkGatewayCertificates } from "./gateway-certificates.ts";
import type { KnownContext } from "./known-issue.ts";
import { checkSignIn } from "./sign-in-loop.ts";

/** Finds issues with the tools around an object, with certificates and with deprecated fields. */
export function findKnownIssues(cluster: Pick<Cluster, "services">, context: KnownContext): Finding[] {
  const { index } = context;
  return [
    ...index.ingresses.flatMap((indexedIngress) => [
      ...checkCertManager(indexedIngress),
      ...checkExternalDns(indexedIngress),
      ...checkCertificates(indexedIngress, context),
    ]),
    ...checkGatewayCertificates(context),
    ...[...index.ingresses, ...index.httpRoutes].flatMap(({ paths }) =>
      paths.flatMap((path) => checkSignIn(path, index)),
    ),
    ...checkExternalIps(cluster, context),
  ];
}
