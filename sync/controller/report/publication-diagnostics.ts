import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { Diagnostic } from "../../compile/diagnostics.ts";
import type { CheckedAddress } from "../../health-checks/health-checks.ts";
import { type ClosedRoute, findClosedIngresses } from "../../publish/changes/closed-routes.ts";
import type { ClosedIngress } from "../../publish/fit-shards.ts";
import type { BlockedRemoval } from "../../publish/guard/deletion-guard.ts";
import type { Pin } from "../../publish/history/pin.ts";
import type { HostSyncResult } from "../../publish/hosts/model.ts";
import type { RolloutState } from "../../publish/rollout/publish-in-stages.ts";
import { foldNames } from "../../runtime/fold.ts";
import type { CompiledCluster } from "../pipeline.ts";
import { withHealthDiagnostics } from "./health-diagnostics.ts";
import { withHostDiagnostics } from "./host-diagnostics.ts";
import { findRouteOwner } from "./route-owners.ts";
import { withServingConditions } from "./serving-conditions.ts";

/** The parts of compiled rules that a publication changed. */
export interface PublicationChanges {
  readonly blockedRemovals: readonly BlockedRemoval[];
  readonly pin?: Pin | undefined;
  readonly rollout?: RolloutState | undefined;
  readonly publishResult: {
    readonly closedIngresses: readonly ClosedIngress[];
    readonly snapshot: { readonly hosts: readonly HostRules[] };
  };
  readonly hostResult?: HostSyncResult | undefined;
  readonly checkedAddresses?: readonly CheckedAddress[];
}

/**
 * Returns a compiled cluster with a diagnostic for each existing Ingress or HTTPRoute whose routes the publication changed,
 * or whose paths all return 503. The statuses of the Gateway API name the problems too.
 */
export function withPublicationDiagnostics(compiled: CompiledCluster, changes: PublicationChanges): CompiledCluster {
  const { snapshot } = changes.publishResult;
  const checkedCompilation = withHealthDiagnostics(compiled, changes.checkedAddresses ?? [], Date.now());
  const ruleCompilation = withRuleDiagnostics(checkedCompilation, changes);
  return withServingConditions(withHostDiagnostics(ruleCompilation, snapshot.hosts, changes.hostResult));
}

function withRuleDiagnostics(
  compiled: CompiledCluster,
  { blockedRemovals, pin, rollout, publishResult: { closedIngresses, snapshot } }: PublicationChanges,
): CompiledCluster {
  const unserved = findClosedIngresses(snapshot.hosts);
  if (blockedRemovals.length + closedIngresses.length + unserved.size === 0 && !pin && !rollout) return compiled;
  const { compilation } = compiled;
  const build = (name: string, text: Pick<Diagnostic, "reason" | "problem" | "remedy">): Diagnostic[] => {
    const owner = findRouteOwner(compiled, name);
    return owner ? [{ ...text, object: owner.object, source: owner.source, field: "spec.rules" }] : [];
  };
  const diagnostics = [
    ...blockedRemovals.flatMap((removal) => describeRemoval(removal).flatMap(({ name, text }) => build(name, text))),
    ...closedIngresses.flatMap(({ ingress, host, problem }) =>
      build(ingress, {
        reason: "IngressTooLarge",
        problem: `its paths of host ${host} return 503 or are dropped: ${problem}`,
        remedy: "shorten its annotations and Secrets, or split its paths among hosts",
      }),
    ),
    ...(pin ? describePin(pin).flatMap(({ name, text }) => build(name, text)) : []),
    ...(rollout ? describeRollout(rollout).flatMap(({ name, text }) => build(name, text)) : []),
    ...[...unserved].flatMap(([name, routes]) => build(name, describeClosure(routes))),
  ];
  return { ...compiled, compilation: { ...compilation, diagnostics: [...compilation.diagnostics, ...diagnostics] } };
}

function describeClosure(routes: readonly ClosedRoute[]) {
  const count = routes.length === 1 ? "its path returns" : `its ${routes.length} paths return`;
  return {
    reason: "ClosedIngress" as const,
    problem: `${count} 503: ${foldNames(routes.map(({ line }) => line))}`,
    remedy: "resolve its other diagnostics; it gets no status address before",
  };
}

function describeRollout({ type, share, reason, waitingIngresses }: RolloutState) {
  const text =
    type === "running"
      ? {
          reason: "ChangeStaged" as const,
          problem: `${share} % of clients get its changes`,
          remedy: "wait for the end of the roll-out, or ask your edgress administrator to run `edgress promote`",
        }
      : {
          reason: "ChangeAborted" as const,
          problem: `its changes are not published: their roll-out was aborted: ${reason}`,
          remedy: "correct the cause in the changed Ingresses or their Services",
        };
  return [...waitingIngresses].map((name) => ({ name, text }));
}

function describePin({ rollback: { of, at }, waitingIngresses, unguardedRoutes }: Pin) {
  const rollback = `rolled back to generation ${of} at ${at}`;
  const remedy = "ask your edgress administrator to run `edgress resume`";
  const waiting = [...waitingIngresses].map((name) => ({
    name,
    text: { reason: "ChangePinned" as const, problem: `its changes are not published: ${rollback}`, remedy },
  }));
  const unguarded = [...Map.groupBy(unguardedRoutes, ({ ingress }) => ingress)].map(([name, routes]) => {
    const lines = routes.map(({ line, policies }) => `${line} (${policies.join(", ")})`);
    const problem = `guards are not published: ${foldNames(lines)}; ${rollback}`;
    return { name, text: { reason: "GuardNotPublished" as const, problem, remedy } };
  });
  return [...waiting, ...unguarded];
}

function describeRemoval({ id, reason, routes }: BlockedRemoval) {
  return [...Map.groupBy(routes, ({ ingress }) => ingress)].map(([name, ingressRoutes]) => ({
    name,
    text: {
      reason: "BlockedRemoval" as const,
      problem: `${ingressRoutes.length} removed routes stay published: ${reason}`,
      remedy: `restore them, or ask your edgress administrator to approve the deletion ${id}`,
    },
  }));
}
