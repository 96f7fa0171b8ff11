import type { KubernetesClient } from "../../kubernetes/client.ts";
import {
  type FindResource,
  NAMESPACES,
  PLURALS,
  RESOURCE_DEFINITIONS,
  type VersionedKind,
} from "../../kubernetes/resources.ts";
import type { Sleep } from "../../runtime/sleep.ts";
import { type OptionalCollection, watchOptionalCollection } from "../optional-collection.ts";
import type { CachedObject, CollectionListener } from "../watched-collection.ts";
import { MAIN_DEFINITION } from "./gateway-objects.ts";
import { usesNamespaceLabels } from "./namespace-selectors.ts";

const NAMESPACED_KINDS = ["Gateway", "ListenerSet", "HTTPRoute", "BackendTLSPolicy"] as const;

/** Names of the collections, as failures name them. All are optional. */
export const GATEWAY_COLLECTIONS: readonly string[] = [
  PLURALS.GatewayClass,
  ...NAMESPACED_KINDS.map((kind) => PLURALS[kind]),
  NAMESPACES.plural,
  RESOURCE_DEFINITIONS.plural,
];

/** The observed objects of the Gateway API, and the Namespaces if a listener selects them by labels. */
export interface GatewayCollections {
  /** Resolves when the objects were read, or when none can be read. It never rejects. */
  readonly ready: Promise<void>;
  /** Returns the list of each collection. Undefined until all are complete. */
  lists(): readonly (readonly CachedObject[])[] | undefined;
  /** Finds an object by its subject: "HTTPRoute namespace/name", "GatewayClass name". */
  findObject(subject: string): CachedObject | undefined;
  /** Returns the objects that may have a status. */
  listStatusObjects(): readonly CachedObject[];
}

/** What the watches of optional kinds share. */
export interface OptionalWatches {
  readonly api: KubernetesClient;
  readonly findResource: FindResource;
  readonly namespaces: readonly (string | undefined)[];
  readonly listenTo: (collection: string) => CollectionListener;
  readonly sleep: Sleep;
  readonly signal: AbortSignal;
}

/**
 * Watches the Gateway API, which may be installed later. GatewayClasses, Namespaces and the definition that has the version
 * belong to no namespace. Namespaces are watched from the first listener on that selects them by labels.
 */
export function watchGatewayObjects(watches: OptionalWatches): GatewayCollections {
  const { api, findResource, namespaces, listenTo, sleep, signal } = watches;
  const watchKind = (kind: VersionedKind, scopes: OptionalWatches["namespaces"]) =>
    watchOptionalCollection(
      api,
      () => findResource(kind),
      scopes.map((namespace) => ({ namespace, query: {} })),
      listenTo(PLURALS[kind]),
      sleep,
      signal,
    );
  const kinds: ReadonlyMap<string, OptionalCollection> = new Map([
    ["GatewayClass", watchKind("GatewayClass", [undefined])] as const,
    ...NAMESPACED_KINDS.map((kind) => [kind, watchKind(kind, namespaces)] as const),
  ]);
  const definitions = watchDefinition(watches);
  const watchLabels = createLabelWatch(watches);
  const listKind = (kind: string) => kinds.get(kind)?.lists()?.flat() ?? [];
  const findLabels = () =>
    usesNamespaceLabels([...listKind("Gateway"), ...listKind("ListenerSet")]) ? watchLabels() : undefined;
  const collections = [...kinds.values(), definitions];
  return {
    ready: Promise.all(collections.map(({ ready }) => ready)).then(() => findLabels()?.ready),
    lists() {
      const labels = findLabels();
      const lists = [...collections, ...(labels ? [labels] : [])].map((collection) => collection.lists());
      const complete = lists.filter((list) => list !== undefined);
      return complete.length < lists.length ? undefined : complete.flat();
    },
    findObject(subject) {
      const [kind = "", name = ""] = subject.split(" ");
      return kinds.get(kind)?.get(kind === "GatewayClass" ? `/${name}` : name);
    },
    listStatusObjects: () => ["GatewayClass", "Gateway", "ListenerSet", "HTTPRoute"].flatMap(listKind),
  };
}

function watchDefinition({ api, listenTo, sleep, signal }: OptionalWatches): OptionalCollection {
  const scope = { query: { fieldSelector: `metadata.name=${MAIN_DEFINITION}` } };
  const find = async () => RESOURCE_DEFINITIONS;
  return watchOptionalCollection(api, find, [scope], listenTo(RESOURCE_DEFINITIONS.plural), sleep, signal);
}

/** Returns a function that starts the watch of the Namespaces at its first call. */
function createLabelWatch({ api, listenTo, sleep, signal }: OptionalWatches): () => OptionalCollection {
  let watch: OptionalCollection | undefined;
  const find = async () => NAMESPACES;
  return () => {
    watch ??= watchOptionalCollection(api, find, [{ query: {} }], listenTo(NAMESPACES.plural), sleep, signal);
    return watch;
  };
}
