import type { ConfigMap } from "../../collect/cluster-model.ts";

/** An object that the manifests need and do not contain. */
export interface ObjectName {
  readonly kind: "Service" | "Secret" | "ConfigMap" | "IngressClass" | "Gateway" | "ListenerSet" | "GatewayClass";
  readonly namespace: string; // "" for a class
  readonly name: string;
}

/** Whether an object exists that the manifests do not contain. "unknown": lint assumes that it exists. */
export type ObjectLookup =
  | { readonly state: "exists"; readonly configMap?: ConfigMap }
  | { readonly state: "missing" }
  | { readonly state: "unknown" };

export type LookUpObject = (object: ObjectName) => Promise<ObjectLookup>;

/** The source of assumed objects. No finding is about them. */
export const ASSUMED_SOURCE = "not checked";

/** Looks up nothing, for manifests without a cluster. */
export async function lookUpNothing(): Promise<ObjectLookup> {
  return { state: "unknown" };
}

/** Returns a lookup in which an unknown object is missing, as for `edgress publish`. */
export function requireObjects(lookUp: LookUpObject): LookUpObject {
  return async (object) => {
    const found = await lookUp(object);
    return found.state === "unknown" ? { state: "missing" } : found;
  };
}
