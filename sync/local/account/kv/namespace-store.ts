import { deriveId } from "../api-types.ts";
import type { NamespaceStorage } from "./namespace-storage.ts";

export interface LocalNamespace {
  readonly id: string;
  readonly title: string;
  readonly storage: NamespaceStorage;
}

/** The KV namespaces of the account. */
export interface NamespaceStore {
  list(): readonly LocalNamespace[];
  get(id: string): LocalNamespace | undefined;
  create(title: string): LocalNamespace;
  rename(id: string, title: string): void;
  /** Removes a namespace with its keys. */
  remove(id: string): Promise<void>;
}

export interface NamespaceStoreOptions {
  /** Titles of the namespaces at the start. */
  readonly titles: readonly string[];
  /** Id of the namespace that the edge reads: the oldest one, if no other has it. */
  readonly edgeNamespaceId: string;
  /** Opens the storage of a namespace. Only one is that of the edge; the others are in memory. */
  readonly openStorage: (isForEdge: boolean) => NamespaceStorage;
}

export function createNamespaceStore(options: NamespaceStoreOptions): NamespaceStore {
  const { titles, edgeNamespaceId, openStorage } = options;
  const namespaces = new Map<string, LocalNamespace>();
  let created = 0;
  const create = (title: string): LocalNamespace => {
    const isForEdge = !namespaces.has(edgeNamespaceId);
    const id = isForEdge ? edgeNamespaceId : deriveId(`namespace ${created++}`);
    const namespace = { id, title, storage: openStorage(isForEdge) };
    namespaces.set(id, namespace);
    return namespace;
  };
  for (const title of titles) create(title);
  return {
    list: () => [...namespaces.values()],
    get: (id) => namespaces.get(id),
    create,
    rename(id, title) {
      const namespace = namespaces.get(id);
      if (namespace) namespaces.set(id, { ...namespace, title });
    },
    async remove(id) {
      await namespaces.get(id)?.storage.clear();
      namespaces.delete(id);
    },
  };
}
