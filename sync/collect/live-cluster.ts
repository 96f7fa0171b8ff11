import { isSameList } from "../compile/memory.ts";
import type { Api } from "../kubernetes/api.ts";
import type { Pause } from "../kubernetes/changes.ts";
import { newestOf, type Resource, SERVICES } from "../kubernetes/resources.ts";
import type { Cluster } from "./cluster.ts";
import { follow, type Kept, lookAt } from "./collection.ts";
import { clusterFrom } from "./objects.ts";
import { type Reference, referencesOf } from "./references.ts";

export interface Watching {
  /** The namespaces that are watched; all where there are none. */
  readonly watchNamespace: readonly string[];
  /** The label selector that Ingresses must fit; "" takes all. */
  readonly selector: string;
}

/** The cluster as the API server shows it, kept in step with it. */
export interface LiveCluster {
  /** The cluster as it is known now. Undefined until every first list is in, since what is missing would count as gone. */
  known(): KnownCluster | undefined;
  /** Follows these Secrets and ConfigMaps by name, and no others; whether anything new has become known with that. */
  refer(references: readonly Reference[]): Promise<boolean>;
  /** Whether an Ingress that is not known is gone; else it may be one that is not watched. */
  readonly seesAll: boolean;
  /** An Ingress ("namespace/name") as it is now, watched or not. Rejects with an ApiError where there is none. */
  lookAt(id: string): Promise<Kept>;
}

export interface KnownCluster {
  readonly cluster: Cluster;
  /** What reporting needs of the Ingresses and Services. */
  readonly ingresses: readonly Kept[];
  readonly services: readonly Kept[];
}

export interface ClusterListeners {
  readonly changed: () => void;
  /** A list or watch of a resource, by its plural, failed; what was known of it still counts. */
  readonly failed: (resource: string, error: Error) => void;
}

/**
 * Follows Ingresses, IngressClasses and Services, each in the newest version that the server has. Rejects where the server
 * does not say which those are.
 */
export async function liveCluster(
  api: Api,
  { watchNamespace, selector }: Watching,
  { changed, failed }: ClusterListeners,
  pause: Pause,
  ended: AbortSignal,
): Promise<LiveCluster> {
  const ingress = await newestOf(api, "Ingress");
  if (!ingress) throw new Error("the API server serves no Ingress, in none of the versions that are known here");
  const ingressClass = await newestOf(api, "IngressClass");
  const all = (resource: Resource, query = {}, namespaces: readonly (string | undefined)[] = [undefined]) =>
    namespaces.map((namespace) => {
      const listeners = { changed, failed: (error: Error) => failed(resource.plural, error) };
      return follow(api, resource, { namespace, query }, listeners, pause, ended);
    });
  const namespaces = watchNamespace.length > 0 ? watchNamespace : [undefined];
  const ingresses = all(ingress, selector === "" ? {} : { labelSelector: selector }, namespaces);
  const services = all(SERVICES, {}, namespaces);
  const classes = ingressClass ? all(ingressClass) : []; // servers before 1.18 have none
  const listeners = { changed, failed: (error: Error) => failed("references", error) };
  const references = referencesOf(api, listeners, pause, ended);
  let last: { readonly from: readonly unknown[]; readonly known: KnownCluster } | undefined;
  return {
    known() {
      const lists = [ingresses, services, classes].map((collections) => collections.map((one) => one.kept()));
      const [ours = [], theirs = [], kinds = []] = lists.map((some) => some.filter((kept) => kept !== undefined));
      if (ours.length < ingresses.length || theirs.length < services.length || kinds.length < classes.length) return;
      const [named, unread] = [references.kept(), references.unread()];
      const from = [...ours, ...theirs, ...kinds, ...named, ...unread.map((one) => JSON.stringify(one))];
      if (last && isSameList(last.from, from)) return last.known;
      const cluster = clusterFrom([...ours, ...theirs, ...kinds, ...named].flat().map(({ read }) => read));
      const known: KnownCluster = {
        cluster: { ...cluster, unread, certificates: "unread" },
        ingresses: ours.flat(),
        services: theirs.flat(),
      };
      last = { from, known };
      return known;
    },
    refer: (wanted) => references.only(wanted),
    seesAll: selector === "" && watchNamespace.length === 0,
    lookAt: (id) => lookAt(api, ingress, id),
  };
}
