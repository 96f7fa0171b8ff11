import { CATCH_ALL_HOST, parseHost } from "../../../src/rules/hosts.ts";
import { redirectsToHttps } from "../../../src/rules/policies/ssl-redirect.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { parseIngressName } from "../route-id.ts";
import type { HttpsHost } from "./coverage.ts";

/** Returns the hosts that need a certificate: those of `spec.tls`, and published ones that redirect to https. */
export function listHttpsHosts(
  ingresses: ReadonlyMap<string, Ingress>,
  publishedHosts: readonly HostRules[],
): readonly HttpsHost[] {
  const tlsHosts = [...ingresses.values()].flatMap((ingress) =>
    ingress.tls.flatMap(({ hosts }) => hosts.flatMap((host) => pair(host, nameOf(ingress)))),
  );
  const redirectingHosts = publishedHosts.flatMap(({ host, routes }) =>
    routes.filter(({ policies }) => redirectsToHttps(policies)).flatMap(({ id }) => pair(host, parseIngressName(id))),
  );
  const named = [...tlsHosts, ...redirectingHosts].filter(({ host }) => host !== CATCH_ALL_HOST);
  return [...Map.groupBy(named, ({ host }) => host)].map(([host, group]) => ({
    host,
    ingresses: [...new Set(group.map(({ ingress }) => ingress))],
  }));
}

function pair(text: string, ingress: string): { readonly host: string; readonly ingress: string }[] {
  const host = parseHost(text.replace(/^\*\*/, "*")); // a certificate has no wildcard of several labels
  return host.ok ? [{ host: host.value, ingress }] : [];
}
