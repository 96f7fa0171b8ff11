import { isSameList } from "../compile/memory.ts";
import type { Api } from "../kubernetes/api.ts";
import type { Pause } from "../kubernetes/changes.ts";
import { newestOf, type Resource, SERVICES } from "../kubernetes/resources.ts";
import { onceEach } from "../once-each.ts";
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
  /** An Ingress or Service as it is known now, by how diagnostics name it: "Ingress namespace/name". */
  find(subject: string): Kept | undefined;
  /** Follows these Secrets and ConfigMaps by name, and no others; whether anything new has become known with that. */
  refer(references: readonly Reference[]): Promise<boolean>;
  /** Whether an Ingress that is not known is gone; else it may be one that is not watched. */
  readonly seesAll: boolean;
  /** An Ingress ("namespace/name") as it is now, watched or not. Rejects with an ApiError where there is none. */
  lookAt(id: string): Promise<Kept>;
}

export interface KnownCluster {
  readonly cluster: Cluster;
  /** What reporting needs of the Ingresses. */
  readonly ingresses: readonly Kept[];
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
      const cluster = joined([...ours, ...theirs, ...kinds, ...named].map(clusterOfKept));
      const known: KnownCluster = { cluster: { ...cluster, unread }, ingresses: ours.flat() };
      last = { from, known };
      return known;
    },
    find(subject) {
      const space = subject.indexOf(" ");
      const collections = subject.startsWith("Ingress ") ? ingresses : subject.startsWith("Service ") ? services : [];
      const id = subject.slice(space + 1);
      return collections.map((collection) => collection.get(id)).find((kept) => kept !== undefined);
    },
    refer: (wanted) => references.only(wanted),
    seesAll: selector === "" && watchNamespace.length === 0,
    lookAt: (id) => lookAt(api, ingress, id),
  };
}

const clusterOfKept = onceEach((kept: readonly Kept[]) => clusterFrom(kept.map(({ read }) => read)));

/** Parts of a cluster as one. A list that only one of them has stays the same array. */
function joined(parts: readonly Cluster[]): Cluster {
  const all = <T>(listOf: (part: Cluster) => readonly T[]): readonly T[] => {
    const [first = [], ...others] = parts.map(listOf).filter((list) => list.length > 0);
    return others.length === 0 ? first : [first, ...others].flat();
  };
  return {
    ingresses: all(({ ingresses }) => ingresses),
    classes: all(({ classes }) => classes),
    services: all(({ services }) => services),
    secrets: all(({ secrets }) => secrets),
    configMaps: all(({ configMaps }) => configMaps),
    malformed: all(({ malformed }) => malformed),
    unread: [],
    certificates: "unread",
  };
}
