import type { CachedObject } from "../../collect/object-cache.ts";

/** The finalizer that keeps a GatewayClass while a Gateway uses it. Its name is from the Gateway API. */
const GATEWAY_EXISTS_FINALIZER = "gateway-exists-finalizer.gateway.networking.k8s.io";

/** The finalizers that a GatewayClass of ours gets. */
export interface FinalizerWrite {
  readonly object: CachedObject;
  readonly finalizers: readonly string[];
}

/** Returns the changes of finalizers. `ownClasses` and `usedClasses` are names of GatewayClasses. */
export function planFinalizerWrites(
  objects: readonly CachedObject[],
  ownClasses: ReadonlySet<string>,
  usedClasses: ReadonlySet<string>,
): FinalizerWrite[] {
  return objects.flatMap((object) => {
    if (object.parsedObject.kind !== "GatewayClass" || !ownClasses.has(object.name)) return [];
    const finalizers = object.gatewayFields?.finalizers ?? [];
    const isUsed = usedClasses.has(object.name);
    if (finalizers.includes(GATEWAY_EXISTS_FINALIZER) === isUsed) return [];
    const others = finalizers.filter((name) => name !== GATEWAY_EXISTS_FINALIZER);
    return [{ object, finalizers: isUsed ? [...others, GATEWAY_EXISTS_FINALIZER] : others }];
  });
}
