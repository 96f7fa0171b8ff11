import { CATCH_ALL_HOST } from "../../../src/rules/hosts.ts";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import { parseNamespace, parseRouteOwner } from "../../../src/rules/storage/route-id.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import { certificateCovers } from "./coverage.ts";

/** The compiled objects whose Secrets may have certificates. */
export interface CertificateUsers {
  readonly ingresses: ReadonlyMap<string, Ingress>;
  /** HTTPS listeners with their Secrets ("namespace/name"), and the hosts of their routes ("HTTPRoute namespace/name"). */
  readonly httpsListeners: readonly {
    readonly owner: string;
    readonly secrets: readonly string[];
    readonly hosts: readonly { readonly host: string; readonly route: string }[];
  }[];
}

/** A Secret of an Ingress or a listener, and the names that its certificate may have there. */
export interface SecretUse {
  readonly secret: string; // "namespace/name"
  readonly owner: string; // "namespace/name" of an Ingress, "Gateway namespace/name"
  readonly hosts: readonly string[];
  /** Whether the certificate may have a name, which may be a wildcard. */
  readonly allows: (name: string) => boolean;
}

/** Returns the uses of Secrets for certificates. A Secret may have several. */
export function listSecretUses(
  { ingresses, httpsListeners }: CertificateUsers,
  publishedHosts: readonly HostRules[],
): readonly SecretUse[] {
  return [...listIngressUses(ingresses, publishedHosts), ...listListenerUses(httpsListeners, publishedHosts)];
}

/** A name must be, or cover, a host of the Ingress that its namespace serves. */
function listIngressUses(ingresses: CertificateUsers["ingresses"], publishedHosts: readonly HostRules[]): SecretUse[] {
  const servedHosts = new Set(
    publishedHosts.flatMap(({ host, routes }) => routes.map(({ id }) => `${parseNamespace(id)} ${host}`)),
  );
  return [...ingresses.values()].flatMap((ingress) =>
    ingress.tls.flatMap(({ secretName, hosts: texts }): SecretUse[] => {
      if (secretName === undefined) return [];
      const hosts = texts.map((host) => host.toLowerCase());
      const served = hosts.filter((host) => servedHosts.has(`${ingress.namespace} ${host}`));
      const allows = (name: string) => served.some((host) => certificateCovers(name, host));
      return [{ secret: `${ingress.namespace}/${secretName}`, owner: nameOf(ingress), hosts, allows }];
    }),
  );
}

/** A name must be, or cover, a host that a route of the listener serves. Or such a host answers requests for the name. */
function listListenerUses(
  httpsListeners: CertificateUsers["httpsListeners"],
  publishedHosts: readonly HostRules[],
): SecretUse[] {
  const users = httpsListeners.filter(({ secrets }) => secrets.length > 0);
  if (users.length === 0) return [];
  const routesByHost = new Map(
    publishedHosts.map(({ host, routes }) => [host, new Set(routes.map(({ id }) => parseRouteOwner(id)))]),
  );
  return users.flatMap(({ owner, secrets, hosts }) => {
    const served = new Set(
      hosts.flatMap(({ host, route }) => listRuleHosts(host).filter((name) => routesByHost.get(name)?.has(route))),
    );
    const names = [...served].map((host) => host.replace(/^\*\*/, "*"));
    const allows = (name: string) =>
      names.some((host) => certificateCovers(name, host)) ||
      served.has(listAnsweringHosts(name).find((host) => routesByHost.has(host)) ?? "");
    return secrets.map((secret) => ({ secret, owner, hosts: hosts.map(({ host }) => host), allows }));
  });
}

function listRuleHosts(host: string): string[] {
  return host.startsWith("*.") ? [`*${host}`, host] : [host];
}

/** Returns the hosts of rules that may answer for a name, the most specific first. `*.x` answers for one label only. */
function listAnsweringHosts(name: string): string[] {
  const [label = "", ...parents] = name.split(".");
  const levels = parents.map((_, index) => parents.slice(index).join("."));
  const own = label === "*" ? [] : [name];
  return [...own, `*.${levels[0]}`, ...levels.map((level) => `**.${level}`), CATCH_ALL_HOST];
}
