import { randomUUID } from "node:crypto";
import type { ApiResource } from "./resources.ts";

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

/** One write. An update has both states, a creation or removal has one. */
export interface StoreChange {
  readonly version: number;
  readonly plural: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly before: KubernetesObject | undefined;
  readonly after: KubernetesObject | undefined;
}

/** Objects by plural name in any API version, with the history since the last compaction. */
export class ObjectStore {
  #objects = new Map<string, Map<string, KubernetesObject>>();
  #history: StoreChange[] = [];
  #version = 1;
  #oldestVersion = 0;
  #latestVersions = new Map<string, number>();
  #subscribers = new Set<(change: StoreChange) => unknown>();

  /** Version of the latest write. */
  get version(): number {
    return this.#version;
  }

  /** Oldest version for watches and reads. */
  get oldestVersion(): number {
    return this.#oldestVersion;
  }

  /** Returns the version of the latest write to a resource. */
  latestVersion(plural: string): number {
    return this.#latestVersions.get(plural) ?? 0;
  }

  get(plural: string, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#objects.get(plural)?.get(formatKey(namespace, name));
  }

  /** Returns the objects of a namespace or of all at `version`, sorted by key. Undefined if the version is compacted. */
  objectsAt(plural: string, version: number, namespace?: string): KubernetesObject[] | undefined {
    if (version < this.#oldestVersion) return undefined;
    const objects = new Map(this.#objects.get(plural));
    for (const change of this.changesSince(version).toReversed()) {
      if (change.plural !== plural) continue;
      const key = formatKey(change.namespace, change.name);
      if (change.before) objects.set(key, change.before);
      else objects.delete(key);
    }
    const entries = namespace === undefined ? objects : [...objects].filter(([key]) => key.startsWith(`${namespace}/`));
    return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  /** Returns the writes after `version`, oldest first. */
  changesSince(version: number): StoreChange[] {
    return this.#history.slice(this.#history.findLastIndex((change) => change.version <= version) + 1);
  }

  /** Creates or replaces an object at the next version. */
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

  /** Drops the history. Earlier versions are then invalid for watches and pages. */
  compact(): void {
    this.#version += 1;
    this.#history = [];
    this.#oldestVersion = this.#version;
  }

  /** Calls `subscriber` with every later write. Returns a function that unsubscribes. */
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

/** Keys sort by namespace and then by name, as in etcd. */
function formatKey(namespace: string | undefined, name: string): string {
  return namespace === undefined ? name : `${namespace}/${name}`;
}

/** Returns the metadata that the server adds to a new object. */
export function createMetadata({ status }: ApiResource, now: Date) {
  return {
    uid: randomUUID(),
    creationTimestamp: `${now.toISOString().slice(0, 19)}Z`,
    ...(status && { generation: 1 }),
  };
}
