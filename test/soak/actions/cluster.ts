import type { ApiServer } from "../../support/api-server.ts";
import type { SideTraces } from "../check/published.ts";
import type { Random } from "../random.ts";
import { buildHostIngress, SOAK_HOSTS, SOAK_SERVICES } from "../world/objects.ts";

/** The Ingresses of the cluster, whose versions grow. */
export interface Cluster {
  /** Applies all Ingresses in their first version. */
  start(server: ApiServer): void;
  /** Gives some hosts, or all, another version. Returns the number of hosts. */
  change(server: ApiServer, random: Random): number;
  /** Returns the first host whose rules are not those of the cluster. */
  findDifference(side: SideTraces): string | undefined;
}

const FULL_CHANGE_SHARE = 0.1;
const MAX_CHANGED_HOSTS = 5;

export function createCluster(): Cluster {
  const versions = new Map<string, number>();
  let newest = 0;
  const apply = (server: ApiServer, indices: readonly number[]) => {
    newest += 1;
    for (const host of SOAK_HOSTS.filter(({ index }) => indices.includes(index))) {
      versions.set(host.name, newest);
      server.apply(buildHostIngress(host, newest));
    }
    return indices.length;
  };
  const allIndices = SOAK_HOSTS.map(({ index }) => index);
  return {
    start: (server) => void apply(server, allIndices),
    change(server, random) {
      if (random.next() < FULL_CHANGE_SHARE) return apply(server, allIndices);
      const count = 1 + random.below(MAX_CHANGED_HOSTS);
      return apply(server, [...new Set(Array.from({ length: count }, () => random.below(SOAK_HOSTS.length)))]);
    },
    findDifference: (side) =>
      SOAK_HOSTS.find(({ name, index }) => {
        const version = versions.get(name) ?? 0;
        const traces = side.get(name);
        const service = SOAK_SERVICES[version % SOAK_SERVICES.length]?.name;
        return (
          traces?.path !== `/v${version}/h${index}/` || traces.header !== `v${version}` || traces.service !== service
        );
      })?.name,
  };
}
