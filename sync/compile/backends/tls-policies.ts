import { compareText } from "../../../src/rules/compare-text.ts";
import type { BackendTlsPolicy } from "../../collect/gateway/gateway-model.ts";

/** A BackendTLSPolicy for a Service, or for one of its ports. */
export interface ServiceTlsPolicy {
  readonly policy: BackendTlsPolicy;
  /** Name of a port; undefined for all other ports. */
  readonly sectionName: string | undefined;
}

/** Returns a function that finds the policies of a Service by "namespace/name". */
export function createTlsPolicyLookup(
  policies: readonly BackendTlsPolicy[],
): (service: string) => readonly ServiceTlsPolicy[] | undefined {
  const byService = new Map<string, ServiceTlsPolicy[]>();
  for (const policy of policies) {
    for (const { kind, name, sectionName } of policy.targetRefs) {
      const service = `${policy.namespace}/${name}`;
      if (kind === "Service") byService.set(service, [...(byService.get(service) ?? []), { policy, sectionName }]);
    }
  }
  return (service) => byService.get(service);
}

/** Returns the policy of a port: one for the port comes before one for the whole Service, and the oldest counts. */
export function findTlsPolicy(
  policies: readonly ServiceTlsPolicy[],
  portName: string | undefined,
): BackendTlsPolicy | undefined {
  const candidates = policies.filter(({ sectionName }) => sectionName === undefined || sectionName === portName);
  const [first] = candidates.toSorted(
    (a, b) =>
      Number(a.sectionName === undefined) - Number(b.sectionName === undefined) ||
      compareText(a.policy.created ?? "", b.policy.created ?? "") ||
      compareText(a.policy.name, b.policy.name),
  );
  return first?.policy;
}
