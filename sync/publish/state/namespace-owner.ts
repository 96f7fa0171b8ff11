/** Whose a KV namespace is. */
export type NamespaceOwner =
  | { readonly type: "none" }
  | { readonly type: "cluster"; readonly cluster: string } // by its uid
  | { readonly type: "unknown" }; // there is a ledger that this key has not signed, or of a format that is not known

export type OwnershipCheck = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/**
 * Whether whoever acts for `cluster` may publish to a namespace of this owner's; the problem is one line. Undefined is for
 * publishing without a cluster.
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
      const problem = `this KV namespace belongs to the cluster ${owner.cluster}`;
      return { ok: false, problem: `${problem}${cluster === undefined ? "" : `, and this is ${cluster}`}: ${remedy}` };
    }
    case "unknown": {
      const problem = "this KV namespace belongs to a sync job with another signing key, or of a newer version";
      return { ok: false, problem: `${problem}: ${remedy}` };
    }
  }
}

function suggestRemedy(cluster: string | undefined): string {
  if (cluster === undefined)
    return "publish to another, or stop that cluster's sync job and take it over with --take-ownership";
  return "give this cluster a KV namespace of its own, or take that one over with --take-ownership";
}
