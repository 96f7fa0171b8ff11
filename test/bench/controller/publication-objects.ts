import type { Cluster, Ingress, Service } from "../../../sync/collect/cluster-model.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";
import { parseObjects } from "./compile-options.ts";

const NAMESPACES = 100; // because a namespace has a quota
const SERVICE_COUNT = 500;
const PATHS = ["/", "/api", "/static"];

/** Yields Ingresses with one host and three paths each, and their Services and class. */
export function* buildPublicationObjects(hosts: number): Generator<object> {
  yield buildIngressClass();
  for (let index = 0; index < SERVICE_COUNT; index++)
    yield inNamespace(buildServiceManifest(`service-${index}`, [`203.0.113.${index % 250}`]), index);
  for (let index = 0; index < hosts; index++) yield buildIngress(index);
}

export function buildIngressClass(): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "edgress" },
    spec: { controller: "edgress.dev/ingress-controller" },
  };
}

function buildIngress(index: number): object {
  const paths = PATHS.map((path, number) => [path, `service-${(index + number * NAMESPACES) % SERVICE_COUNT}`]);
  const name = `ingress-${index}`;
  return inNamespace(buildIngressManifest(name, `host-${index}.example.com`, Object.fromEntries(paths)), index);
}

function inNamespace(object: object, index: number): object {
  const { metadata } = object as { readonly metadata: object };
  return { ...object, metadata: { ...metadata, namespace: `team-${index % NAMESPACES}` } };
}

/** A change of the cluster; each call with another index changes something else. */
export type ChangeCluster = (cluster: Cluster, index: number) => Cluster;

/** Sets a request limit that no Ingress has yet. */
export function changeIngress(cluster: Cluster, index: number): Cluster {
  const change = (ingress: Ingress): Ingress => ({
    ...ingress,
    annotations: { ...ingress.annotations, "nginx.ingress.kubernetes.io/limit-rpm": String(100 + index) },
  });
  return { ...cluster, ingresses: replaceItem(cluster.ingresses, index * 37, change) };
}

/** Adds an Ingress with a new host. */
export function addIngress(cluster: Cluster, index: number): Cluster {
  const added = parseObjects([buildIngress(1_000_000 + index)]).ingresses;
  return { ...cluster, ingresses: [...cluster.ingresses, ...added] };
}

/** Removes an Ingress and its host. */
export function removeIngress(cluster: Cluster, index: number): Cluster {
  return { ...cluster, ingresses: cluster.ingresses.toSpliced((index * 53 + 1) % cluster.ingresses.length, 1) };
}

/** Changes the address of a Service, and so the routes of many hosts. */
export function changeService(cluster: Cluster, index: number): Cluster {
  const change = (service: Service): Service => ({ ...service, externalIPs: [`192.0.2.${index}`] });
  return { ...cluster, services: replaceItem(cluster.services, index * 41, change) };
}

/** Lists the same objects again. */
export function resync(cluster: Cluster): Cluster {
  return { ...cluster, ingresses: [...cluster.ingresses], services: [...cluster.services] };
}

function replaceItem<T>(items: readonly T[], target: number, change: (item: T) => T): T[] {
  return items.map((item, index) => (index === target % items.length ? change(item) : item));
}
