/** Whose a KV namespace is. */
export type Owner =
  | { readonly type: "nobody" }
  | { readonly type: "cluster"; readonly cluster: string } // by its uid
  | { readonly type: "stranger" }; // there is a ledger that this key has not signed, or of a format that is not known

export type Owned = { readonly ok: true } | { readonly ok: false; readonly problem: string };

/**
 * Whether whoever acts for `cluster` may publish to a namespace of this owner's; the problem is one line. Undefined is for
 * publishing without a cluster.
 */
export function ownedBy({ owner }: { readonly owner: Owner }, cluster: string | undefined): Owned {
  const remedy = remedyFor(cluster);
  switch (owner.type) {
    case "nobody":
      return { ok: true };
    case "cluster": {
      if (owner.cluster === cluster) return { ok: true };
      const whose = `this KV namespace belongs to the cluster ${owner.cluster}`;
      return { ok: false, problem: `${whose}${cluster === undefined ? "" : `, and this is ${cluster}`}: ${remedy}` };
    }
    case "stranger": {
      const whose = "this KV namespace belongs to a sync job with another signing key, or of a newer version";
      return { ok: false, problem: `${whose}: ${remedy}` };
    }
  }
}

function remedyFor(cluster: string | undefined): string {
  if (cluster === undefined)
    return "publish to another, or stop that cluster's sync job and take it over with --take-over";
  return "give this cluster a KV namespace of its own, or take that one over with --take-over";
}
