import type { CachedObject } from "../object-cache.ts";
import type { GatewayListener } from "./gateway-model.ts";

/** Whether one of the Gateways or ListenerSets selects namespaces by their labels. */
export function usesNamespaceLabels(objects: readonly CachedObject[]): boolean {
  return objects.some(({ parsedObject }) => {
    switch (parsedObject.kind) {
      case "Gateway":
        return (
          parsedObject.object.allowedListenerSets.from === "Selector" ||
          parsedObject.object.listeners.some(usesSelector)
        );
      case "ListenerSet":
        return parsedObject.object.listeners.some(usesSelector);
      default:
        return false;
    }
  });
}

function usesSelector({ allowedNamespaces }: GatewayListener): boolean {
  return allowedNamespaces.from === "Selector";
}
