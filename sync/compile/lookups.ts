import type { Cluster } from "../collect/cluster.ts";
import type { Resolve } from "./backends.ts";
import type { Options } from "./options.ts";
import { nameOf } from "./select.ts";

/** The values of a Secret or ConfigMap, by key. */
export type Values = Readonly<Record<string, string>>;

/** What can be looked up from any place of a cluster. */
export interface Lookups {
  readonly secrets: ReadonlyMap<string, Values>;
  readonly configMaps: ReadonlyMap<string, Values>;
  readonly resolve: Resolve;
  readonly allowedResponseHeaders: readonly string[];
  readonly hosts: ReadonlySet<string>; // that we serve
  readonly zones: readonly string[];
  readonly cluster: Cluster;
  readonly options: Pick<Options, "seal" | "inspect">;
}

export function lookupsOf(cluster: Cluster, resolve: Resolve, hosts: ReadonlySet<string>, options: Options): Lookups {
  return {
    secrets: new Map(cluster.secrets.map((secret) => [nameOf(secret), secret.data])),
    configMaps: new Map(cluster.configMaps.map((configMap) => [nameOf(configMap), configMap.data])),
    resolve,
    allowedResponseHeaders: options.allowedResponseHeaders.map((name) => name.toLowerCase()),
    hosts,
    zones: options.zones,
    cluster,
    options,
  };
}
