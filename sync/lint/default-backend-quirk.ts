import type { PolicyName } from "../../src/rules/policies/index.ts";
import { nameOf } from "../collect/cluster-model.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, buildSampleUrl, type IndexedHost, type IngressIndex } from "./ingress-index.ts";

// Every host with a certificate has these, so nobody is surprised.
const EXPECTED_POLICIES: readonly PolicyName[] = ["hsts", "sslRedirect"];

/** What no path of a host takes has the policies of the oldest Ingress that names it, as in ingress-nginx. */
export function findDefaultBackendQuirks({ rules }: IndexedHost, { ingresses }: IngressIndex): Finding[] {
  const route = rules.routes.find(({ id }) => id.endsWith("#default"));
  const owner = ingresses.find(({ ingress }) => `${nameOf(ingress)}#default` === route?.id);
  if (!route || !owner || owner.ingress.rules.length === 0) return [];
  const inheritedPolicies = Object.keys(route.policies).filter(
    (name) => !EXPECTED_POLICIES.includes(name as PolicyName),
  );
  if (inheritedPolicies.length === 0) return [];
  const message = `what no path of ${rules.host} takes has this Ingress's policies too (${inheritedPolicies.join(", ")}), the oldest of the host`;
  const url = buildSampleUrl({ host: rules.host, route }, "/unmatched-path");
  return [
    {
      ...buildLocation(owner.ingress, "metadata.annotations"),
      rule: "default-backend-inherits-policies",
      kind: "note",
      message,
      url,
    },
  ];
}
