import { CATCH_ALL_HOST, listHostCandidates } from "../../src/rules/hosts.ts";
import { type Cluster, nameOf } from "../collect/cluster-model.ts";
import type { IgnoredIngress } from "../compile/select/ignored-ingresses.ts";

/**
 * Returns a line for each ignored Ingress with the host of a request. For a 404 without one, it returns those with a
 * wildcard that covers the host.
 */
export function formatIgnoredHosts(
  cluster: Cluster,
  ignoredIngresses: readonly IgnoredIngress[],
  requestHost: string,
  isUnmatched: boolean,
): string[] {
  const candidates = listHostCandidates(requestHost).filter((name) => name !== CATCH_ALL_HOST);
  const hostsByIngress = new Map(
    cluster.ingresses.map((ingress) => [nameOf(ingress), ingress.rules.map(({ host }) => host?.toLowerCase())]),
  );
  const found = (isUnmatched ? candidates : [requestHost])
    .map((host) => ignoredIngresses.filter(({ name }) => hostsByIngress.get(name)?.includes(host)))
    .find((ingresses) => ingresses.length > 0);
  return (found ?? []).map(({ name, className, option }) => {
    const label = className === undefined ? "without a class" : `of class ${className}`;
    return `Ingress ${name} ${label} has this host and is ignored. To select it, set ${option}`;
  });
}
