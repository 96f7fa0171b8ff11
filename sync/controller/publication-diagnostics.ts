import type { Diagnostic } from "../compile/diagnostics.ts";
import type { ClosedIngress } from "../publish/fit-shards.ts";
import type { BlockedRemoval } from "../publish/guard/deletion-guard.ts";
import type { CompiledCluster } from "./pipeline.ts";

/** The parts of compiled rules that a publication changed. */
export interface PublicationChanges {
  readonly blockedRemovals: readonly BlockedRemoval[];
  readonly publishResult: { readonly closedIngresses: readonly ClosedIngress[] };
}

/** Returns a compiled cluster with a diagnostic for each existing Ingress whose routes the publication changed. */
export function withPublicationDiagnostics(
  compiled: CompiledCluster,
  { blockedRemovals, publishResult: { closedIngresses } }: PublicationChanges,
): CompiledCluster {
  if (blockedRemovals.length + closedIngresses.length === 0) return compiled;
  const { compilation } = compiled;
  const build = (name: string, text: Pick<Diagnostic, "reason" | "problem" | "remedy">): Diagnostic[] => {
    const ingress = compilation.ingresses.get(name);
    if (!ingress) return []; // it was deleted
    return [{ ...text, object: `Ingress ${name}`, source: ingress.source, field: "spec.rules" }];
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
  ];
  return { ...compiled, compilation: { ...compilation, diagnostics: [...compilation.diagnostics, ...diagnostics] } };
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
