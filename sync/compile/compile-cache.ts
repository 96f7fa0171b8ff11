import { compareText } from "../../src/rules/compare-text.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { type Ingress, type IngressClass, nameOf, type Reference } from "../collect/cluster-model.ts";
import {
  type ConcatMemo,
  createConcatMemo,
  createListMemo,
  createPartitionMemo,
  type ListMemo,
  type PartitionMemo,
} from "../incremental/list-memo.ts";
import { createMemo, createObjectMemo, type Memo, type ObjectMemo } from "../incremental/memo.ts";
import { createNameMemo, type NameMemo } from "../incremental/name-memo.ts";
import { createSortMemo, createUniqueSortMemo, type SortMemo } from "../incremental/sorted-list.ts";
import type { ClusterIndex } from "./backends/cluster-index.ts";
import { createServiceMemo, type ServiceMemo } from "./backends/service-addresses.ts";
import { createGrantMemo, type GrantMemo } from "./claims/resolve-conflicts.ts";
import { createQuotaUseMemo, type QuotaUseMemo } from "./claims/route-quota.ts";
import type { EstimatePolicyBytes } from "./claims/route-size.ts";
import { createSizeMemo, type SizeMemo } from "./claims/size-budget.ts";
import { formatDiagnosticKey, isSameDiagnostic } from "./diagnostic-order.ts";
import type { Diagnostic, Reported } from "./diagnostics.ts";
import { createGatewayMemos, type GatewayMemos } from "./gateway/gateway-memos.ts";
import type { CompiledHost } from "./hosts/compile-host.ts";
import { type CompiledHostMemos, createCompiledHostMemos } from "./hosts/compiled-host-lists.ts";
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
  readonly permittedClaims: ListMemo<Reported<IngressClaims>, IngressClaims>;
  readonly claimDiagnostics: ConcatMemo<Reported<IngressClaims>, Diagnostic>;
  readonly claims: ObjectMemo<Ingress, Reported<IngressClaims>>; // for lists whose classes changed
  readonly gateways: GatewayMemos;
  readonly ownedClaims: ObjectMemo<IngressClaims, IngressClaims>;
  readonly embeddedObjects: Memo<EstimatePolicyBytes>;
  readonly requestedUses: QuotaUseMemo;
  readonly sizes: SizeMemo;
  readonly keptUses: QuotaUseMemo;
  readonly canaries: PartitionMemo<IngressClaims>;
  readonly acceptingDegraded: PartitionMemo<IngressClaims>;
  readonly grants: GrantMemo;
  readonly ownGrants: ListMemo<Reported<HostGrant>, HostGrant>;
  readonly grantDiagnostics: ConcatMemo<Reported<HostGrant>, Diagnostic>;
  readonly sharedHosts: PartitionMemo<HostGrant>;
  readonly requestingAliases: PartitionMemo<HostGrant>;
  readonly certificateHosts: ListMemo<HostGrant, string | undefined>;
  readonly services: ServiceMemo;
  readonly hosts: NameMemo<HostGrant, ClusterIndex, CompiledHost>;
  readonly compiledHosts: CompiledHostMemos;
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
    permittedClaims: createListMemo(),
    claimDiagnostics: createConcatMemo(({ diagnostics }) => diagnostics),
    claims: createObjectMemo(),
    gateways: createGatewayMemos(),
    ownedClaims: createObjectMemo(),
    embeddedObjects: createMemo(),
    requestedUses: createQuotaUseMemo(),
    sizes: createSizeMemo(),
    keptUses: createQuotaUseMemo(),
    canaries: createPartitionMemo(),
    acceptingDegraded: createPartitionMemo(),
    grants: createGrantMemo(),
    ownGrants: createListMemo(),
    grantDiagnostics: createConcatMemo(({ diagnostics }) => diagnostics),
    sharedHosts: createPartitionMemo(),
    requestingAliases: createPartitionMemo(),
    certificateHosts: createListMemo(),
    services: createServiceMemo(),
    hosts: createNameMemo(
      ({ host }) => host,
      ({ ownership, claims }) => [claims, ...listOwnershipInputs(ownership)],
    ),
    compiledHosts: createCompiledHostMemos(),
    sortedRules: createSortMemo(({ host }) => host, compareText),
    sortedDiagnostics: createUniqueSortMemo(formatDiagnosticKey, compareText, isSameDiagnostic),
    sortedReferences: createUniqueSortMemo(formatReferenceKey, compareText, isSameReference),
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

function isSameReference(a: Reference, b: Reference): boolean {
  return formatReferenceKey(a) === formatReferenceKey(b);
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
