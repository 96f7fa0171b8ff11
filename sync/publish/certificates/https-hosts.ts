import { CATCH_ALL_HOST, parseHost } from "../../../src/rules/hosts.ts";
import { redirectsToHttps } from "../../../src/rules/policies/ssl-redirect.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { HttpsHost } from "./coverage.ts";
import type { CertificateUsers } from "./secret-uses.ts";

/**
 * Returns the hosts that need a certificate: those of `spec.tls`, those of HTTPS listeners with their routes, and published
 * ones that redirect to https.
 */
export function listHttpsHosts(
  { ingresses, httpsListeners }: CertificateUsers,
  publishedHosts: readonly HostRules[],
): readonly HttpsHost[] {
  const tlsHosts = [...ingresses.values()].flatMap((ingress) =>
    ingress.tls.flatMap(({ hosts }) => hosts.flatMap((host) => pair(host, nameOf(ingress)))),
  );
  const redirectingHosts = publishedHosts.flatMap(({ host, routes }) =>
    routes.filter(({ policies }) => redirectsToHttps(policies)).flatMap(({ id }) => pair(host, parseRouteOwner(id))),
  );
  const listenerHosts = httpsListeners.flatMap(({ owner, hosts }) =>
    hosts.flatMap(({ host, route }) => [route, owner].flatMap((name) => pair(host, name, host.startsWith("*.")))),
  );
  const named = [...tlsHosts, ...listenerHosts, ...redirectingHosts].filter(({ host }) => host !== CATCH_ALL_HOST);
  return [...Map.groupBy(named, ({ host }) => host)].map(([host, group]) => ({
    host,
    ingresses: [...new Set(group.map(({ ingress }) => ingress))],
    ...(group.some(({ isDeep }) => isDeep) && { isDeep: true }),
  }));
}

interface NamedHost {
  readonly host: string;
  readonly ingress: string;
  readonly isDeep: boolean;
}

/** A certificate has no wildcard of several labels, so `**.x` of the rules is `*.x` there. */
function pair(text: string, ingress: string, isDeep = text.startsWith("**.")): NamedHost[] {
  const host = parseHost(text.replace(/^\*\*/, "*"));
  return host.ok ? [{ host: host.value, ingress, isDeep }] : [];
}
