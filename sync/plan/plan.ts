import type { Rollback } from "../../src/rules/snapshot.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import type { CompiledCluster } from "../controller/pipeline.ts";
import type { PlannedPublication } from "../controller/plan-changes.ts";
import { withHostDiagnostics } from "../controller/report/host-diagnostics.ts";
import { computeDigest, toCanonicalJson } from "../publish/canonical-json.ts";
import { type ClosedRoute, listClosedRoutes } from "../publish/changes/closed-routes.ts";
import { diffRules, type HostDiff } from "../publish/changes/diff-rules.ts";
import type { PublicationSize } from "../publish/changes/measure-publication.ts";
import type { NameChanges } from "../publish/changes/summarize-changes.ts";
import { FREE_DAILY_WRITES } from "../publish/kv-limits.ts";
import { computeRulesDigest } from "../publish/plan-publication.ts";
import type { PublishedSnapshot } from "../publish/read-published.ts";

/** The changes that a publication would make, as people read them. */
export interface Plan {
  readonly result: "would-change" | "would-not-change";
  readonly fingerprint: PlanFingerprint;
  readonly hostCount: number;
  readonly hosts: readonly HostDiff[];
  /** Changes outside the rules, by kind: "DNS record". */
  readonly objects: Readonly<Record<string, NameChanges>>;
  readonly kv: PublicationSize & { readonly shareOfFreeDay: number };
  /** Objects that no rule needs, and that are removed after their grace. */
  readonly garbage: readonly string[];
  /** File and line of each Ingress: "shop.yaml:3". */
  readonly sources: Readonly<Record<string, string>>;
  readonly closedRoutes: readonly ClosedRoute[];
  readonly blockedRemovals: readonly {
    readonly namespace: string;
    readonly reason: string;
    readonly lines: readonly string[];
  }[];
  /** A rollback that holds the published rules. */
  readonly rollback: Rollback | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly warnings: readonly string[];
}

/** The state that a plan was made from, and its wanted state. Equal fingerprints are equal plans. */
export interface PlanFingerprint {
  readonly generation: number;
  readonly current: string; // digest of the published manifest
  readonly rules: string; // digest of the wanted rules
  readonly objects: string; // digest of the changes outside the rules
}

/** Builds the plan of compiled rules. */
export function buildPlan(
  compiled: CompiledCluster,
  planned: PlannedPublication,
  snapshot: PublishedSnapshot,
  size: PublicationSize,
  warnings: readonly string[],
): Plan {
  const { rules, hasChanges, blockedRemovals, staleRecords } = planned;
  const { compilation } = compiled;
  const hosts = diffRules(snapshot.hosts, rules.hosts);
  const { records, workersRoutes, certificates } = planned.changes;
  const objects = {
    "DNS record": records,
    ...(workersRoutes && { "Workers route": workersRoutes }),
    ...(certificates && { certificate: certificates }),
  };
  const names = new Set(hosts.flatMap(({ routes }) => routes.map(({ ingress }) => ingress)));
  const ingresses = [...compilation.ingresses].filter(([name]) => names.has(name));
  return {
    result: hasChanges ? "would-change" : "would-not-change",
    fingerprint: {
      generation: snapshot.manifest?.generation ?? 0,
      current: computeDigest(snapshot.currentBytes ?? ""),
      rules: computeRulesDigest(rules),
      objects: computeDigest(toCanonicalJson(objects)),
    },
    hostCount: rules.hosts.length,
    hosts,
    objects,
    kv: { ...size, shareOfFreeDay: size.writes / FREE_DAILY_WRITES },
    garbage: staleRecords.map(({ record }) => `DNS record ${record.name} ${record.type} ${record.content}`),
    sources: Object.fromEntries(ingresses.map(([name, { source }]) => [name, source])),
    closedRoutes: listClosedRoutes(rules.hosts),
    blockedRemovals: blockedRemovals.map(({ namespace, reason, lines }) => ({ namespace, reason, lines })),
    rollback: snapshot.manifest?.rollback,
    diagnostics: withHostDiagnostics(compiled, rules.hosts, planned.hostResult).compilation.diagnostics,
    warnings: [...warnings, ...(planned.hostResult?.warnings ?? [])],
  };
}

/** Returns the part of the state that differs between two plans, as a noun; undefined if they are equal. */
export function findMovedPart(saved: PlanFingerprint, current: PlanFingerprint): string | undefined {
  if (saved.generation !== current.generation)
    return `the published generation is ${current.generation}, and was ${saved.generation}`;
  if (saved.current !== current.current) return `the manifest of generation ${current.generation} has other bytes`;
  if (saved.rules !== current.rules) return "the inputs compile to other rules";
  if (saved.objects !== current.objects) return "the DNS records or routes of the account have other differences";
  return undefined;
}
