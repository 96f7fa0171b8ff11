import { addCanary } from "../../../src/rules/policies/canary.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import { success } from "../../../src/rules/result.ts";
import { readBackendProtocol } from "../claims/claims.ts";
import type { Claim } from "../model.ts";
import type { HostCompilation } from "./host-compilation.ts";
import { createPolicyContext } from "./policy-context.ts";

/** Adds the settings of a route's canary: its backend, and how clients stay with one of the two backends. */
export function withCanary(settings: PolicySettings, primary: Claim, compilation: HostCompilation): PolicySettings {
  const { report } = compilation;
  const claim = compilation.index.canary(primary.id);
  if (!claim?.backend || !primary.backend) return settings;
  // A canary uses the protocol of its primary.
  const resolve = (backend: NonNullable<Claim["backend"]>) =>
    compilation.resolve(claim.owner.ingress.namespace, backend, readBackendProtocol(primary.owner));
  const [primaryBackend, canaryBackend] = [resolve(primary.backend), resolve(claim.backend)];
  const subject = { ...claim.subject, field: `${claim.subject.field}.backend` };
  for (const note of canaryBackend.notes) {
    report(note.reason, note.subject ?? subject, note.problem, note.remedy);
  }
  if (!canaryBackend.ok || !primaryBackend.ok) return settings;
  if (primaryBackend.id === canaryBackend.id) {
    report(
      "CanaryIgnored",
      subject,
      `canary has the same backend as its primary: ${primaryBackend.id}`,
      "use another Service",
    );
    return settings;
  }
  const backendId = compilation.useBackend(canaryBackend);
  const context = {
    ...createPolicyContext(claim, false, compilation).context,
    resolveBackend: () => success(backendId),
  };
  return addCanary(settings, claim.owner.annotations.values, context);
}
