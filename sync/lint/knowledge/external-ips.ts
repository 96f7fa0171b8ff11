import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { Finding } from "../findings/finding.ts";
import { buildIssue, type KnownContext } from "./known-issue.ts";

/** Reports Services of the checked Ingresses that have their address in spec.externalIPs. */
export function checkExternalIps({ services }: Pick<Cluster, "services">, { index }: KnownContext): Finding[] {
  const backends = new Set(index.hosts.flatMap(({ rules }) => Object.keys(rules.backends)));
  const usedNames = new Set([...backends].map((id) => id.split(":")[0]));
  return services.flatMap((service) => {
    if (service.externalIPs.length === 0 || !usedNames.has(nameOf(service))) return [];
    const location = { object: `Service ${nameOf(service)}`, field: "spec.externalIPs", source: service.source };
    const problem =
      "Kubernetes deprecates externalIPs since 1.36. As planned, they are off by default in 1.40 and removed in 1.43";
    return [
      buildIssue(location, "external-ips-deprecated", "note", problem, "set type: LoadBalancer, and use its address"),
    ];
  });
}
