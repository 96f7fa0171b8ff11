export interface ObjectMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMetadata;
  readonly [field: string]: unknown;
}

/** One write; both states for an update, one for a creation or removal. */
export interface StoreChange {
  readonly version: number;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject | undefined;
}

/** Objects by plural name, whatever API version they came in, with the history since the last compaction. */
export class ObjectStore {
  #objects = new Map<string, Map<string, KubernetesObject>>();
  #history: StoreChange[] = [];
  #version = 1;
  #oldestVersion = 0;
  #latestVersions = new Map<string, number>();
  #subscribers = new Set<(change: StoreChange) => unknown>();

  /** The version of the latest write. */
  get version(): number {
    return this.#version;
  }

  /** The oldest version that can still be watched from or read at. */
  get oldestVersion(): number {
    return this.#oldestVersion;
  }

  /** The version of the latest write of a kind. */
  latestVersion(plural: string): number {
    return this.#latestVersions.get(plural) ?? 0;
  }

  get(plural: string, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#objects.get(plural)?.get(formatKey(namespace, name));
  }

  /** The objects as they were at `version`, in the order of their keys. Undefined where that is forgotten. */
  objectsAt(plural: string, version: number): KubernetesObject[] | undefined {
    if (version < this.#oldestVersion) return undefined;
    const objects = new Map(this.#objects.get(plural));
    for (const change of this.changesSince(version).toReversed()) {
      if (change.plural !== plural) continue;
      const key = formatKey(change.namespace, change.name);
      if (change.before) objects.set(key, change.before);
      else objects.delete(key);
    }
    return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Writes after `version`, oldest first. */
  changesSince(version: number): StoreChange[] {
    return this.#history.slice(this.#history.findLastIndex((change) => change.version <= version) + 1);
  }

  /** Creates or replaces an object; it gets the next version. */
  put(plural: string, object: KubernetesObject): KubernetesObject {
    const { namespace, name } = object.metadata;
    const before = this.get(plural, namespace, name);
    const after = withVersion(object, ++this.#version);
    const objects = this.#objects.get(plural) ?? new Map<string, KubernetesObject>();
    this.#objects.set(plural, objects.set(formatKey(namespace, name), after));
    this.#record({ version: this.#version, plural, namespace, name, before, after });
    return after;
  }

  remove(plural: string, namespace: string | undefined, name: string): KubernetesObject | undefined {
    const before = this.get(plural, namespace, name);
    if (!before) return undefined;
    this.#objects.get(plural)?.delete(formatKey(namespace, name));
    this.#record({ version: ++this.#version, plural, namespace, name, before, after: undefined });
    return before;
  }

  /** Forgets all history: what was read before can be neither watched from nor paged on. */
  compact(): void {
    this.#version += 1;
    this.#history = [];
    this.#oldestVersion = this.#version;
  }

  /** Calls `follower` with every write from now on, until the function that it answers is called. */
  subscribe(subscriber: (change: StoreChange) => unknown): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  #record(change: StoreChange): void {
    this.#history.push(change);
    this.#latestVersions.set(change.plural, change.version);
    for (const subscriber of [...this.#subscribers]) subscriber(change);
  }
}

export function withVersion(object: KubernetesObject, version: number): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

/** Sorts by namespace and then name, as etcd's keys do. */
function formatKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
