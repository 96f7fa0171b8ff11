import { type Cluster, nameOf } from "../../collect/cluster-model.ts";
import type { LocalCloudflare } from "../local-cloudflare.ts";
import { type EchoServer, startEchoServers } from "./echo.ts";

/** Echo origins that replace the Services of a cluster. */
export interface EchoOrigins {
  /** Starts an origin for each new port of a Service, and forwards the Service's addresses to it. */
  start(cluster: Cluster): Promise<void>;
  close(): Promise<void>;
}

export function createEchoOrigins({ forward }: Pick<LocalCloudflare, "forward">): EchoOrigins {
  const echoes = new Map<string, EchoServer>();
  return {
    async start(cluster) {
      const endpoints = listEndpoints(cluster);
      const missingBackends = [...new Set(endpoints.map(({ backend }) => backend))].filter(
        (backend) => !echoes.has(backend),
      );
      for (const echo of await startEchoServers(missingBackends)) echoes.set(echo.backend, echo);
      for (const { backend, address } of endpoints) {
        const echo = echoes.get(backend);
        if (echo) forward(address, echo.address);
      }
    },
    async close() {
      await Promise.all([...echoes.values()].map((echo) => echo.close()));
    },
  };
}

/** Lists every address and port of every Service: "203.0.113.10:80" of "namespace/service:80". */
function listEndpoints({ services }: Cluster): { backend: string; address: string }[] {
  return services.flatMap((service) => {
    const addresses = service.externalIPs.length > 0 ? service.externalIPs : service.loadBalancer;
    return service.ports.flatMap(({ port }) =>
      addresses.map((address) => ({ backend: `${nameOf(service)}:${port}`, address: formatAuthority(address, port) })),
    );
  });
}

function formatAuthority(address: string, port: number): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
