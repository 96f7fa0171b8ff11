/** A ReferenceGrant: objects of kinds and namespaces may refer to objects of its namespace. */
export interface KindGrant {
  readonly namespace: string;
  readonly from: readonly { readonly group: string; readonly kind: string; readonly namespace: string }[];
  /** `name` is undefined for all objects of the kind. */
  readonly to: readonly { readonly group: string; readonly kind: string; readonly name: string | undefined }[];
}

/** The two ends of a reference between namespaces. */
export interface CrossReference {
  readonly from: { readonly group: string; readonly kind: string; readonly namespace: string };
  readonly to: { readonly group: string; readonly kind: string; readonly namespace: string; readonly name: string };
}

/** Whether an object may refer to another: both are in one namespace, or one grant names both. */
export function isReferenceGranted(grants: readonly KindGrant[], { from, to }: CrossReference): boolean {
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
