import type { Cluster } from "../collect/cluster.ts";
import { nameOf } from "../compile/select.ts";
import { type Echo, startEchoes } from "./echo.ts";
import type { Stack } from "./stack.ts";

/** Echo origins in place of a cluster's Services. */
export interface EchoOrigins {
  /** Starts one for every port of every Service that has none yet, and has the Service's addresses lead there. */
  start(cluster: Cluster): Promise<void>;
  close(): Promise<void>;
}

export function echoOrigins({ forward }: Pick<Stack, "forward">): EchoOrigins {
  const echoes = new Map<string, Echo>();
  return {
    async start(cluster) {
      const wanted = endpointsOf(cluster);
      const missing = [...new Set(wanted.map(({ backend }) => backend))].filter((backend) => !echoes.has(backend));
      for (const echo of await startEchoes(missing)) echoes.set(echo.backend, echo);
      for (const { backend, address } of wanted) {
        const echo = echoes.get(backend);
        if (echo) forward(address, echo.address);
      }
    },
    async close() {
      await Promise.all([...echoes.values()].map((echo) => echo.close()));
    },
  };
}

/** Every address and port of every Service: "203.0.113.10:80" of "namespace/service:80". */
function endpointsOf({ services }: Cluster): { backend: string; address: string }[] {
  return services.flatMap((service) => {
    const addresses = service.externalIPs.length > 0 ? service.externalIPs : service.loadBalancer;
    return service.ports.flatMap(({ port }) =>
      addresses.map((address) => ({ backend: `${nameOf(service)}:${port}`, address: authority(address, port) })),
    );
  });
}

function authority(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
