import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { Connections } from "../../../sync/kubernetes/connections.ts";
import type { ApiServer } from "../api-server.ts";
export const WATCHES = /watch=true/;

export function buildCart(annotations: Record<string, string> = {}, name = "cart") {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { namespace: "shop", name, annotations },
  };
}

/** Connects to the API server, or to a relay on `port` in front of it. */
export function createRelayedConnections(kubeconfig: ApiServer["kubeconfig"], port?: number): Connections {
  const connections = new Connections();
  const server = (url: string) => (port === undefined ? url : url.replace(/\d+$/, String(port)));
  const clusters = kubeconfig.clusters.map((cluster) => ({ ...cluster, server: server(cluster.server) }));
  connections.loadFromOptions({ ...kubeconfig, clusters });
  return connections;
}

/** Resolves when `holds` returns true. Rejects after 5 s. */
export async function waitUntilTrue(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + 5000; !holds(); await sleep(5))
    assert.ok(performance.now() < end, String(holds));
}
