import type { Diagnostic } from "../../compile/diagnostics.ts";
import type { CheckedAddress } from "../../health-checks/health-checks.ts";
import type { CompiledCluster } from "../pipeline.ts";
import { findRouteOwner } from "./route-owners.ts";

/** A recovery is reported for this time. */
const RECOVERY_MS = 10 * 60_000;

/** Returns a compiled cluster with a diagnostic for each address that fails its health checks, or has recovered. */
export function withHealthDiagnostics(
  compiled: CompiledCluster,
  checkedAddresses: readonly CheckedAddress[],
  now: number,
): CompiledCluster {
  const { compilation } = compiled;
  const diagnostics = checkedAddresses.flatMap((address): Diagnostic[] => {
    const owner = findRouteOwner(compiled, address.ingress);
    const text = describe(address, now);
    return owner && text ? [{ ...text, object: owner.object, source: owner.source, field: "spec.rules" }] : [];
  });
  if (diagnostics.length === 0) return compiled;
  return { ...compiled, compilation: { ...compilation, diagnostics: [...compilation.diagnostics, ...diagnostics] } };
}

function describe(
  { isHealthy, changedAt, problem, backend, address, settings }: CheckedAddress,
  now: number,
): Pick<Diagnostic, "reason" | "problem" | "remedy"> | undefined {
  const name = `address ${address} of ${backend}`;
  if (!isHealthy)
    return {
      reason: "UnhealthyAddress",
      problem: `${name} fails its health check GET ${settings.path}: ${problem ?? "it failed before"}`,
      remedy: "check the address, its firewall and the Pods behind it",
    };
  if (changedAt === undefined || now - changedAt > RECOVERY_MS) return undefined;
  return {
    reason: "HealthyAddress",
    problem: `${name} passes its health check GET ${settings.path} again`,
    remedy: "nothing to do",
  };
}
