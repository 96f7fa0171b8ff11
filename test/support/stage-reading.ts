import type { Rules } from "../../src/rules/snapshot.ts";
import type { LocalAccount } from "../../sync/dev/account.ts";
import { LIVE_GENERATION } from "../../sync/report/status.ts";
import type { ApiServer } from "./api-server.ts";

/** What an Ingress says of itself. */
export interface Shown {
  readonly addresses: readonly object[];
  readonly live: string | undefined;
}

/** Each route, as "shop.example.com /cart -> default/web:80", or "-> 503" and why. */
export function routesOf({ hosts }: Pick<Rules, "hosts">): string[] {
  const lines = hosts.flatMap(({ host, routes }) =>
    routes.map(({ path, backend, policies }) => {
      const where = path.type === "regex" ? path.pattern : path.path;
      const refused = policies.closed ?? policies.unbacked;
      return `${host} ${where} -> ${refused ? `503 ${refused.because}` : backend}`;
    }),
  );
  return lines.toSorted();
}

/** Requests to the account that change something: all but reads, and reads in bulk. */
export function accountWrites({ requests }: LocalAccount, from = 0): string[] {
  const writes = requests.slice(from).filter(({ method, path }) => method !== "GET" && !path.endsWith("/bulk/get"));
  return writes.map(({ method, path }) => {
    const what = decodeURIComponent(path)
      .replace(/^.*\/values\//, "")
      .replace(/^\/(zones|accounts)\/[^/]+\//, "");
    return `${method} ${what.replace(/[0-9a-f]{64}/, "…")}`;
  });
}

/** Requests to an API server that change something, but for the Lease's. */
export function clusterWrites({ requests }: ApiServer, from = 0): string[] {
  const writes = requests.slice(from).filter(({ method, path }) => method !== "GET" && !path.includes("/leases"));
  return writes.map(({ method, path }) => `${method} ${path.replace(/^\/apis?\/(?:[a-z0-9.]+\/)?v1(?:beta1)?\//, "")}`);
}

/** What an Ingress says of itself, as the API server shows it. */
export function shownBy(server: ApiServer, namespace: string, name: string): Shown {
  const found = server.objects("Ingress", namespace).find(({ metadata }) => metadata.name === name);
  const { loadBalancer } = (found?.status ?? {}) as { loadBalancer?: { ingress?: object[] } };
  return { addresses: loadBalancer?.ingress ?? [], live: found?.metadata.annotations?.[LIVE_GENERATION] };
}

/** Events, as "PathInvalid Ingress default/shop". */
export function eventsIn(server: ApiServer): string[] {
  return server.objects("Event").map((event) => {
    const { reason, involvedObject: about } = event as unknown as {
      reason: string;
      involvedObject: { kind: string; namespace: string; name: string };
    };
    return `${reason} ${about.kind} ${about.namespace}/${about.name}`;
  });
}
