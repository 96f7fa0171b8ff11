import { nameOf } from "../../collect/cluster-model.ts";
import type { HttpsListener } from "./gateway-compilation.ts";
import type { GatewayReading } from "./judged-gateways.ts";

/** Returns the HTTPS listeners with certificates or routes. */
export function listHttpsListeners({
  gateways,
  listenerSets,
  attachedRoutes,
}: GatewayReading): readonly HttpsListener[] {
  const attachments = attachedRoutes.flatMap(({ route, attachments }) =>
    attachments.map((attachment) => ({ ...attachment, route: `HTTPRoute ${nameOf(route)}` })),
  );
  const byListener = Map.groupBy(
    attachments.filter(({ listener }) => listener.scheme === "https"),
    ({ listener: { owner, name } }) => `${owner} ${name}`, // as `JudgedListener.key`
  );
  const holders = [
    ...gateways.map(({ gateway, listeners }) => ({ owner: `Gateway ${nameOf(gateway)}`, listeners })),
    ...listenerSets.map(({ listenerSet, listeners }) => ({ owner: `ListenerSet ${nameOf(listenerSet)}`, listeners })),
  ];
  return holders.flatMap(({ owner, listeners }) =>
    listeners.flatMap(({ key, secrets }): HttpsListener[] => {
      const attached = byListener.get(key) ?? [];
      if (attached.length === 0 && secrets.length === 0) return [];
      const hosts = attached.flatMap(({ hostnames, route }) => hostnames.map((host) => ({ host, route })));
      return [{ owner, secrets: secrets.map(({ name }) => name), hosts }];
    }),
  );
}
