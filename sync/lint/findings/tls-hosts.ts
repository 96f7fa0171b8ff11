import { listHostCandidates, parseHost } from "../../../src/rules/hosts.ts";
import { redirectsToHttps } from "../../../src/rules/policies/ssl-redirect.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, type IndexedObject } from "./object-index.ts";
import { encodeSamplePath } from "./sample-path.ts";

/** Finds an Ingress whose `spec.tls` names none of its hosts. The edge has a certificate for them anyway. */
export function findTlsWithoutHost({ owner, paths }: IndexedObject): Finding[] {
  const hosts = owner.rules.flatMap((rule) => (rule.host ? [readHost(rule.host)] : []));
  const tlsNames = owner.tls.flatMap((entry) => entry.hosts.map(readHost));
  const isNamed = (host: string) => listHostCandidates(host).some((name) => tlsNames.includes(name));
  if (owner.tls.length === 0 || hosts.length === 0 || hosts.some(isNamed)) return [];
  const base = { ...buildLocation(owner, "spec.tls"), rule: "tls-without-host" as const };
  const names = tlsNames.length === 0 ? "no host" : `${tlsNames.join(", ")}, and no host of the Ingress`;
  const remedy = `name ${hosts[0]} in spec.tls, or remove spec.tls`;
  const redirectedPath = paths.find(
    ({ route, samplePath }) => redirectsToHttps(route.policies) && samplePath !== undefined,
  );
  if (!redirectedPath) return [{ ...base, kind: "note", message: `spec.tls names ${names}`, remedy }];
  const message = `spec.tls names ${names}. The edge redirects http to https; ingress-nginx only if the certificate of the Secret has the host`;
  const url = `http://${redirectedPath.sampleHost}${encodeSamplePath(redirectedPath.samplePath ?? "/")}`;
  return [{ ...base, kind: "different", message, remedy, url, nginx: "served over http" }];
}

/** Returns a host as rules name it, or the text if it is invalid. */
function readHost(text: string): string {
  const host = parseHost(text);
  return host.ok ? host.value : text;
}
