import type { WatchEvent } from "../../../sync/kubernetes/client.ts";
import { Connections } from "../../../sync/kubernetes/connections.ts";
import type { ApiServer } from "../api-server.ts";
export const INGRESSES = "/apis/networking.k8s.io/v1/ingresses";
export const SHOP_INGRESSES = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
export const CART = `${SHOP_INGRESSES}/cart`;

export interface IngressList {
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  readonly items: { metadata: { name: string; resourceVersion: string } }[];
}

export function createConnections({ kubeconfig }: ApiServer): Connections {
  const connections = new Connections();
  connections.loadFromOptions(kubeconfig);
  return connections;
}

export function buildLabeledIngress(name: string, namespace = "shop", labels: Record<string, string> = {}) {
  return { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, namespace, labels } };
}

export function listNames({ items }: IngressList): string[] {
  return items.map(({ metadata }) => metadata.name);
}

export function formatEvent({ type, object }: WatchEvent): string {
  const { metadata, code } = object as { metadata?: { name?: string }; code?: number };
  return [type, metadata?.name ?? code].filter((part) => part !== undefined).join(" ");
}
