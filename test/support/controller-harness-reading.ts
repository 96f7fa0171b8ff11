import type { Rules } from "../../src/rules/snapshot.ts";
import { LIVE_GENERATION_ANNOTATION } from "../../sync/collect/annotation-names.ts";
import type { LocalAccount } from "../../sync/local/account/account.ts";
import type { ApiServer } from "./api-server.ts";

/** What an Ingress says of itself. */
export interface IngressLiveStatus {
  readonly addresses: readonly object[];
  readonly live: string | undefined;
}

/** Each route, as "shop.example.com /cart -> default/web:80", or "-> 503" and why. */
export function formatRoutes({ hosts }: Pick<Rules, "hosts">): string[] {
  const lines = hosts.flatMap(({ host, routes }) =>
    routes.map(({ path, backend, policies }) => {
      const pathText = path.type === "regex" ? path.pattern : path.path;
      const refusal = policies.failClosed ?? policies.noBackend;
      return `${host} ${pathText} -> ${refusal ? `503 ${refusal.reason}` : backend}`;
    }),
  );
  return lines.toSorted();
}

/** Requests to the account that change something: all but reads, and reads in bulk. */
export function listAccountWrites({ requests }: LocalAccount, from = 0): string[] {
  const writes = requests.slice(from).filter(({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"));
  return writes.map(({ method, path }) => {
    const resource = decodeURIComponent(path)
      .replace(/^.*\/values\//, "")
      .replace(/^\/(zones|accounts)\/[^/]+\//, "");
    return `${method} ${resource.replace(/[0-9a-f]{64}/, "…")}`;
  });
}

/** Requests to an API server that change something, but for the Lease's. */
export function listClusterWrites({ requests }: ApiServer, from = 0): string[] {
  const writes = requests.slice(from).filter(({ method, path }) => method !== "GET" && !path.includes("/leases"));
  return writes.map(({ method, path }) => `${method} ${path.replace(/^\/apis?\/(?:[a-z0-9.]+\/)?v1(?:beta1)?\//, "")}`);
}

/** What an Ingress says of itself, as the API server shows it. */
export function readIngressStatus(server: ApiServer, namespace: string, name: string): IngressLiveStatus {
  const ingress = server.objects("Ingress", namespace).find(({ metadata }) => metadata.name === name);
  const { loadBalancer } = (ingress?.status ?? {}) as { loadBalancer?: { ingress?: object[] } };
  return { addresses: loadBalancer?.ingress ?? [], live: ingress?.metadata.annotations?.[LIVE_GENERATION_ANNOTATION] };
}

/** Events, as "InvalidPath Ingress default/shop". */
export function formatEvents(server: ApiServer): string[] {
  return server.objects("Event").map((event) => {
    const { reason, involvedObject: object } = event as unknown as {
      reason: string;
      involvedObject: { kind: string; namespace: string; name: string };
    };
    return `${reason} ${object.kind} ${object.namespace}/${object.name}`;
  });
}
