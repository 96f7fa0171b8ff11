import { compareText } from "../../src/rules/compare-text.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { type Ingress, type IngressClass, nameOf, type Reference } from "../collect/cluster-model.ts";
import { createListMemo, createPartitionMemo, type ListMemo, type PartitionMemo } from "../incremental/list-memo.ts";
import { createMemo, createObjectMemo, type Memo, type ObjectMemo } from "../incremental/memo.ts";
import { createNameMemo, type NameMemo } from "../incremental/name-memo.ts";
import { createSortMemo, createUniqueSortMemo, type SortMemo } from "../incremental/sorted-list.ts";
import type { ClusterIndex } from "./backends/cluster-index.ts";
import { createServiceMemo, type ServiceMemo } from "./backends/service-addresses.ts";
import { createGrantMemo, type GrantMemo } from "./claims/resolve-conflicts.ts";
import type { ClosedClaimsMemo } from "./claims/size-budget.ts";
import { formatDiagnosticKey, isSameDiagnostic } from "./diagnostic-order.ts";
import type { Diagnostic, Reported } from "./diagnostics.ts";
import type { CompiledHost } from "./hosts/compile-host.ts";
import type { Compilation, HostGrant, IngressClaims, Ownership } from "./model.ts";
import type { StageOptions } from "./options.ts";
import type { RegexUse } from "./regex-verdict.ts";
import type { ClassDefaults } from "./select/class-defaults.ts";
import { createSelectionMemo, type SelectionMemo } from "./select/ingress-class.ts";

/** Results of earlier compilations. They change the cost of a compilation, never its result. */
export interface CompileCache {
  readonly options: Memo<StageOptions>;
  readonly compilation: Memo<Compilation>;
  readonly classDefaults: ObjectMemo<IngressClass, Reported<ClassDefaults>>;
  readonly selection: SelectionMemo;
  readonly names: ListMemo<Ingress, readonly [name: string, ingress: Ingress]>;
  readonly allClaims: ListMemo<Ingress, Reported<IngressClaims>>;
  readonly claims: ObjectMemo<Ingress, Reported<IngressClaims>>; // for lists whose classes changed
  readonly ownedClaims: ObjectMemo<IngressClaims, IngressClaims>;
  readonly closedClaims: ClosedClaimsMemo;
  readonly canaries: PartitionMemo<IngressClaims>;
  readonly acceptingDegraded: PartitionMemo<IngressClaims>;
  readonly grants: GrantMemo;
  readonly requestingAliases: PartitionMemo<HostGrant>;
  readonly certificateHosts: ListMemo<HostGrant, string | undefined>;
  readonly services: ServiceMemo;
  readonly hosts: NameMemo<HostGrant, ClusterIndex, CompiledHost>;
  readonly sortedRules: SortMemo<HostRules>;
  readonly sortedDiagnostics: SortMemo<Diagnostic>;
  readonly sortedReferences: SortMemo<Reference>;
  readonly sortedRegexes: SortMemo<RegexUse>;
}

export function createCompileCache(): CompileCache {
  return {
    options: createMemo(),
    compilation: createMemo(),
    classDefaults: createObjectMemo(),
    selection: createSelectionMemo(),
    names: createListMemo(),
    allClaims: createListMemo(),
    claims: createObjectMemo(),
    ownedClaims: createObjectMemo(),
    closedClaims: createObjectMemo(),
    canaries: createPartitionMemo(),
    acceptingDegraded: createPartitionMemo(),
    grants: createGrantMemo(),
    requestingAliases: createPartitionMemo(),
    certificateHosts: createListMemo(),
    services: createServiceMemo(),
    hosts: createNameMemo(
      ({ host }) => host,
      ({ ownership, claims }) => [claims, ...listOwnershipInputs(ownership)],
    ),
    sortedRules: createSortMemo(({ host }) => host, compareText),
    sortedDiagnostics: createUniqueSortMemo(formatDiagnosticKey, compareText, isSameDiagnostic),
    sortedReferences: createUniqueSortMemo(
      formatReferenceKey,
      compareText,
      (a, b) => formatReferenceKey(a) === formatReferenceKey(b),
    ),
    sortedRegexes: createUniqueSortMemo(
      formatRegexKey,
      compareText,
      (a, b) => a.namespace === b.namespace && a.pattern === b.pattern,
    ),
  };
}

function formatReferenceKey(reference: Reference): string {
  return `${reference.kind} ${nameOf(reference)}`;
}

function formatRegexKey({ namespace, pattern }: RegexUse): string {
  return `${namespace} ${pattern}`;
}

function listOwnershipInputs(ownership: Ownership): readonly unknown[] {
  switch (ownership.type) {
    case "full":
      return ["full", ownership.owners];
    case "www-redirect":
      return ["www-redirect", ownership.to];
    case "paths": {
      const { fallback } = ownership;
      return ["paths", fallback?.host, ...(fallback ? listOwnershipInputs(fallback.ownership) : [])];
    }
  }
}
