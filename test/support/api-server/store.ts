export interface Metadata {
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
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** One write; both states for an update, one for a creation or removal. */
export interface Change {
  readonly version: number;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject | undefined;
}

/** Objects by plural name, whatever API version they came in, with the history since the last compaction. */
export class Store {
  #objects = new Map<string, Map<string, KubernetesObject>>();
  #history: Change[] = [];
  #version = 1;
  #horizon = 0;
  #latest = new Map<string, number>();
  #followers = new Set<(change: Change) => unknown>();

  /** The version of the latest write. */
  get version(): number {
    return this.#version;
  }

  /** The oldest version that can still be watched from or read at. */
  get horizon(): number {
    return this.#horizon;
  }

  /** The version of the latest write of a kind. */
  latest(plural: string): number {
    return this.#latest.get(plural) ?? 0;
  }

  get(plural: string, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#objects.get(plural)?.get(keyOf(namespace, name));
  }

  /** The objects as they were at `version`, in the order of their keys. Undefined where that is forgotten. */
  at(plural: string, version: number): KubernetesObject[] | undefined {
    if (version < this.#horizon) return undefined;
    const then = new Map(this.#objects.get(plural));
    for (const change of this.since(version).toReversed()) {
      if (change.plural !== plural) continue;
      const key = keyOf(change.namespace, change.name);
      if (change.before) then.set(key, change.before);
      else then.delete(key);
    }
    return [...then].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Writes after `version`, oldest first. */
  since(version: number): Change[] {
    return this.#history.slice(this.#history.findLastIndex((change) => change.version <= version) + 1);
  }

  /** Creates or replaces an object; it gets the next version. */
  put(plural: string, object: KubernetesObject): KubernetesObject {
    const { namespace, name } = object.metadata;
    const before = this.get(plural, namespace, name);
    const after = withVersion(object, ++this.#version);
    const kept = this.#objects.get(plural) ?? new Map<string, KubernetesObject>();
    this.#objects.set(plural, kept.set(keyOf(namespace, name), after));
    this.#record({ version: this.#version, plural, namespace, name, before, after });
    return after;
  }

  remove(plural: string, namespace: string | undefined, name: string): KubernetesObject | undefined {
    const before = this.get(plural, namespace, name);
    if (!before) return undefined;
    this.#objects.get(plural)?.delete(keyOf(namespace, name));
    this.#record({ version: ++this.#version, plural, namespace, name, before, after: undefined });
    return before;
  }

  /** Forgets all history: what was read before can be neither watched from nor paged on. */
  compact(): void {
    this.#version += 1;
    this.#history = [];
    this.#horizon = this.#version;
  }

  /** Calls `follower` with every write from now on, until the function that it answers is called. */
  follow(follower: (change: Change) => unknown): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  #record(change: Change): void {
    this.#history.push(change);
    this.#latest.set(change.plural, change.version);
    for (const follower of [...this.#followers]) follower(change);
  }
}

export function withVersion(object: KubernetesObject, version: number): KubernetesObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

/** Sorts by namespace and then name, as etcd's keys do. */
function keyOf(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}
