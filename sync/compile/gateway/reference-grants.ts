import type { ReferenceGrant, Referrer } from "../../collect/cluster-model.ts";

/** The two ends of a reference between namespaces. */
export interface CrossReference {
  readonly from: Referrer;
  readonly to: Referrer & { readonly name: string };
}

/** Whether an object may refer to another: both are in one namespace, or one grant names both. */
export function isReferenceGranted(grants: readonly ReferenceGrant[], { from, to }: CrossReference): boolean {
  if (from.namespace === to.namespace) return true;
  return grants.some(
    (grant) =>
      grant.namespace === to.namespace &&
      grant.from.some(
        ({ group, kind, namespace }) => group === from.group && kind === from.kind && namespace === from.namespace,
      ) &&
      grant.to.some(
        ({ group, kind, name }) => group === to.group && kind === to.kind && (name === undefined || name === to.name),
      ),
  );
}
