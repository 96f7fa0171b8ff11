import { compiledPolicies } from "../../../src/rules/policies/compiled-policies.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { Finding } from "./finding.ts";
import { buildLocation, buildSampleUrl, type IndexedHost, type ObjectIndex } from "./object-index.ts";

const surprisingPolicies: readonly string[] = compiledPolicies
  .filter(({ surprisesWhenInherited }) => surprisesWhenInherited)
  .map(({ name }) => name);

/** Finds hosts whose unmatched paths inherit policies of the oldest Ingress, as in ingress-nginx. */
export function findDefaultBackendQuirks({ rules, sampleHost }: IndexedHost, { ingresses }: ObjectIndex): Finding[] {
  const route = rules.routes.find(({ id }) => id.endsWith("#default"));
  const owner = ingresses.map((entry) => entry.owner).find((candidate) => `${nameOf(candidate)}#default` === route?.id);
  if (!route || !owner || owner.rules.length === 0) return [];
  const inheritedPolicies = Object.keys(route.policies).filter((name) => surprisingPolicies.includes(name));
  if (inheritedPolicies.length === 0) return [];
  const message = `unmatched paths of ${rules.host} inherit policies of this Ingress, the oldest of the host: ${inheritedPolicies.join(", ")}`;
  const url = buildSampleUrl({ sampleHost, route }, "/unmatched-path");
  return [
    {
      ...buildLocation(owner, "metadata.annotations"),
      rule: "default-backend-inherits-policies" as const,
      kind: "note",
      message,
      url,
    },
  ];
}
