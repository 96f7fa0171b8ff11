import type { Ingress, IngressClass, Service } from "../collect/cluster-model.ts";
import {
  createMemo,
  createNameMemo,
  createObjectMemo,
  type Memo,
  type NameMemo,
  type ObjectMemo,
} from "../incremental/memo.ts";
import type { ClusterIndex } from "./backends/cluster-index.ts";
import type { Reported } from "./diagnostics.ts";
import type { CompiledHost } from "./hosts/compile-host.ts";
import type { Compilation, HostGrant, IngressClaims, Ownership, ServiceAddresses } from "./model.ts";
import type { Options } from "./options.ts";
import type { ClassDefaults } from "./select/class-defaults.ts";

/** Results of earlier compilations. They change the cost of a compilation, never its result. */
export interface CompileCache {
  readonly options: Memo<Options>;
  readonly compilation: Memo<Compilation>;
  readonly classDefaults: ObjectMemo<IngressClass, Reported<ClassDefaults>>;
  readonly claims: ObjectMemo<Ingress, Reported<IngressClaims>>;
  readonly addresses: ObjectMemo<Service, ServiceAddresses>;
  readonly hosts: NameMemo<HostGrant, ClusterIndex, CompiledHost>;
}

export function createCompileCache(): CompileCache {
  return {
    options: createMemo(),
    compilation: createMemo(),
    classDefaults: createObjectMemo(),
    claims: createObjectMemo(),
    addresses: createObjectMemo(),
    hosts: createNameMemo(
      ({ host }) => host,
      ({ ownership, claims }) => [claims, ...listOwnershipInputs(ownership)],
    ),
  };
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
