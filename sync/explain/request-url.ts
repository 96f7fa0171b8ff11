import { matchHost } from "../../src/match/match-host.ts";
import { listHostCandidates, normalizeHost } from "../../src/rules/hosts.ts";
import type { Rules } from "../../src/rules/snapshot.ts";
import type { Cluster } from "../collect/cluster-model.ts";

/** The URL to explain, and the reason for its scheme if the user wrote none. */
export interface RequestUrl {
  readonly url: string;
  readonly host: string; // normalized
  readonly schemeReason: string | undefined;
}

const SCHEME = /^https?:\/\//;
const HOST_WITH_DOT = /^[\w-]+(\.[\w-]+)+\.?(:\d+)?([/?#]|$)/;

/** Whether a text is a URL, or a host with a dot and maybe a path: "shop.example.com/cart". */
export function isRequestUrl(text: string): boolean {
  if (SCHEME.test(text)) return /^https?:\/\/[^/?#\s]+/.test(text) && URL.canParse(text);
  return HOST_WITH_DOT.test(text) && URL.canParse(`http://${text}`);
}

/** Adds the scheme that a URL lacks: https if the host has TLS. Without a cluster, the published rules decide. */
export function resolveUrl(text: string, rules: Rules, cluster: Cluster | undefined): RequestUrl {
  const host = normalizeHost(/^[^/?#]*/.exec(text.replace(SCHEME, ""))?.[0] ?? "");
  if (SCHEME.test(text)) return { url: text, host, schemeReason: undefined };
  if (cluster) {
    return hasTls(host, cluster)
      ? { url: `https://${text}`, host, schemeReason: "https, because an Ingress of the host has TLS" }
      : { url: `http://${text}`, host, schemeReason: "http, because no Ingress of the host has TLS" };
  }
  return redirectsToHttps(host, rules)
    ? { url: `https://${text}`, host, schemeReason: "https, because the host redirects http" }
    : { url: `http://${text}`, host, schemeReason: "http, because the host does not redirect it" };
}

/** Whether one of the Ingresses that serve a host has `spec.tls`. */
function hasTls(host: string, { ingresses }: Cluster): boolean {
  const findIngresses = (name: string) =>
    ingresses.filter(({ rules }) => rules.some((rule) => rule.host?.toLowerCase() === name));
  const servingIngresses = listHostCandidates(host)
    .map(findIngresses)
    .find((found) => found.length > 0);
  return servingIngresses?.some(({ tls }) => tls.length > 0) ?? false;
}

function redirectsToHttps(host: string, { hosts }: Rules): boolean {
  const hostRules = matchHost(new Map(hosts.map((entry) => [entry.host, entry])), host);
  return hostRules?.routes.some(({ policies }) => policies.sslRedirect) ?? false;
}
