/** Owner of a KV namespace. */
export type NamespaceOwner =
  | { readonly type: "none" }
  | { readonly type: "cluster"; readonly cluster: string } // by its uid
  | { readonly type: "unknown" }; // the controller state has another signing key, or an unknown format

export type OwnershipCheck = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/**
 * Checks whether `cluster` may publish to a KV namespace with this owner. `cluster` is undefined for `edgress publish`,
 * which has no cluster. The problem is one line.
 */
export function checkOwnership(
  { owner }: { readonly owner: NamespaceOwner },
  cluster: string | undefined,
): OwnershipCheck {
  const remedy = suggestRemedy(cluster);
  switch (owner.type) {
    case "none":
      return { ok: true };
    case "cluster": {
      if (owner.cluster === cluster) return { ok: true };
      const problem = `this KV namespace belongs to another cluster: ${owner.cluster}`;
      return {
        ok: false,
        problem: `${problem}${cluster === undefined ? "" : ` (this cluster is ${cluster})`}. ${remedy}`,
      };
    }
    case "unknown": {
      const problem =
        "this KV namespace belongs to a controller with another EDGRESS_SIGNING_KEY, or of a newer version";
      return { ok: false, problem: `${problem}. ${remedy}` };
    }
  }
}

function suggestRemedy(cluster: string | undefined): string {
  if (cluster === undefined)
    return "Use another KV namespace, or stop that cluster's controller and take ownership with --take-ownership";
  return "Use a separate KV namespace for this cluster, or take ownership with --take-ownership";
}
