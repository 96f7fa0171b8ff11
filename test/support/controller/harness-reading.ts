import type { Rules } from "../../../src/rules/snapshot.ts";
import { LIVE_GENERATION_ANNOTATION } from "../../../sync/collect/annotation-names.ts";
import type { LocalAccount } from "../../../sync/local/account/account.ts";
import type { ApiServer, AppliedObject } from "../api-server.ts";

/** The part of an Ingress that edgress writes. */
export interface IngressLiveStatus {
  readonly addresses: readonly object[];
  /** The annotation edgress.dev/live-generation. */
  readonly live: string | undefined;
}

/** Returns each route: "shop.example.com /cart -> default/web:80", or "-> 503" with its reason. */
export function formatRoutes({ hosts }: Pick<Rules, "hosts">): string[] {
  const lines = hosts.flatMap(({ host, routes }) =>
    routes.map(({ path, backend, policies }) => {
      const pathText = "pattern" in path ? path.pattern : path.path;
      const refusal = policies.failClosed ?? policies.noBackend;
      return `${host} ${pathText} -> ${refusal ? `503 ${refusal.reason}` : backend}`;
    }),
  );
  return lines.toSorted();
}

/** Returns the requests that change the account. Bulk reads are POST requests. */
export function listAccountWrites({ requests }: LocalAccount, from = 0): string[] {
  const writes = requests.slice(from).filter(({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"));
  return writes.map(({ method, path }) => {
    const resource = decodeURIComponent(path)
      .replace(/^.*\/values\//, "")
      .replace(/^\/(zones|accounts)\/[^/]+\//, "");
    return `${method} ${resource.replace(/[0-9a-f]{64}/, "…")}`;
  });
}

/** Returns the requests that change the cluster, except those for Leases. */
export function listClusterWrites({ requests }: ApiServer, from = 0): string[] {
  const writes = requests.slice(from).filter(({ method, path }) => method !== "GET" && !path.includes("/leases"));
  return writes.map(({ method, path }) => `${method} ${path.replace(/^\/apis?\/(?:[a-z0-9.]+\/)?v1(?:beta1)?\//, "")}`);
}

export function readIngressStatus(server: ApiServer, namespace: string, name: string): IngressLiveStatus {
  const ingress = server.objects("Ingress", namespace).find(({ metadata }) => metadata.name === name);
  const { loadBalancer } = (ingress?.status ?? {}) as { loadBalancer?: { ingress?: object[] } };
  return { addresses: loadBalancer?.ingress ?? [], live: ingress?.metadata.annotations?.[LIVE_GENERATION_ANNOTATION] };
}

/** Returns the Events: "InvalidPath Ingress default/shop". */
export function formatEvents(server: ApiServer): string[] {
  return server.objects("Event").map((event) => {
    const { reason, involvedObject: object } = event as unknown as {
      reason: string;
      involvedObject: { kind: string; namespace: string; name: string };
    };
    return `${reason} ${object.kind} ${object.namespace}/${object.name}`;
  });
}

/** Returns an Ingress as its author replaces it: the status and annotation that edgress wrote stay. */
export function keepStatus(object: AppliedObject, server: ApiServer): AppliedObject {
  if (object.kind !== "Ingress") return object;
  const { name, namespace = "default", annotations } = object.metadata;
  const existing = server.objects("Ingress", namespace).find(({ metadata }) => metadata.name === name);
  const live = existing?.metadata.annotations?.[LIVE_GENERATION_ANNOTATION];
  if (!existing || live === undefined) return object;
  const annotatedObject = {
    ...object,
    metadata: { ...object.metadata, annotations: { ...annotations, [LIVE_GENERATION_ANNOTATION]: live } },
  };
  return { status: existing.status, ...annotatedObject };
}
