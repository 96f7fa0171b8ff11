import type { CachedObject } from "../object-cache.ts";
import type { Gateway, GatewayListener, GatewayObjects } from "./gateway-model.ts";

/** Whether one of the Gateways or ListenerSets selects namespaces by their labels. */
export function selectsNamespaces({
  gateways,
  listenerSets,
}: Pick<GatewayObjects, "gateways" | "listenerSets">): boolean {
  return gateways.some(gatewaySelects) || listenerSets.some(({ listeners }) => listeners.some(usesSelector));
}

/** Whether one of the cached objects is a Gateway or ListenerSet that selects namespaces by their labels. */
export function usesNamespaceLabels(objects: readonly CachedObject[]): boolean {
  return objects.some(({ parsedObject }) => {
    switch (parsedObject.kind) {
      case "Gateway":
        return gatewaySelects(parsedObject.object);
      case "ListenerSet":
        return parsedObject.object.listeners.some(usesSelector);
      default:
        return false;
    }
  });
}

function gatewaySelects({ allowedListenerSets, listeners }: Gateway): boolean {
  return allowedListenerSets.from === "Selector" || listeners.some(usesSelector);
}

function usesSelector({ allowedNamespaces }: GatewayListener): boolean {
  return allowedNamespaces.from === "Selector";
}
