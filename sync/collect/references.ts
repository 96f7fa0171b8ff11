import { type Api, ApiError } from "../kubernetes/api.ts";
import type { Pause } from "../kubernetes/changes.ts";
import { CONFIG_MAPS, SECRETS } from "../kubernetes/resources.ts";
import type { Unread } from "./cluster.ts";
import { type Collection, follow, type Kept, type Listeners } from "./collection.ts";

/** What fails so often does not pass soon: whoever waits is told. */
const MOST_FAILURES = 3;

/** A Secret or ConfigMap by its name. */
export interface Reference {
  readonly kind: "Secret" | "ConfigMap";
  readonly namespace: string;
  readonly name: string;
}

/** The Secrets and ConfigMaps that rules refer to, each followed by its name alone: no other is ever read. */
export interface References {
  /**
   * Follows exactly these from now on. Resolves when each was read, found absent, or could not be read, which is tried
   * again where the server itself failed: whether anything new has become known with that.
   */
  only(wanted: readonly Reference[]): Promise<boolean>;
  /** Of each, an array that is the same for as long as nothing has changed. */
  kept(): (readonly Kept[])[];
  /** Those that have never been read, and why. One that was read once counts as it was then. */
  unread(): Unread[];
}

interface Followed {
  readonly reference: Reference;
  readonly collection: Collection;
  readonly stop: AbortController;
  readonly known: Promise<void>;
  failure: Error | undefined;
}

export function referencesOf(api: Api, { changed, failed }: Listeners, pause: Pause, ended: AbortSignal): References {
  const followed = new Map<string, Followed>();

  const begin = (reference: Reference): Followed => {
    const stop = new AbortController();
    const { promise: known, resolve } = Promise.withResolvers<void>();
    let isKnown = false; // whoever waits for it hears of the first time by that
    let failures = 0;
    const listeners: Listeners = {
      changed: () => {
        if (isKnown) changed();
        isKnown = true;
        resolve();
      },
      failed: (error) => {
        failures++;
        begun.failure = error;
        failed(error);
        if (!isKnown && mayPass(error) && failures < MOST_FAILURES) return;
        isKnown = true;
        resolve();
      },
    };
    const scope = { namespace: reference.namespace, query: { fieldSelector: `metadata.name=${reference.name}` } };
    const resource = reference.kind === "Secret" ? SECRETS : CONFIG_MAPS;
    const collection = follow(api, resource, scope, listeners, pause, AbortSignal.any([ended, stop.signal]));
    const begun: Followed = { reference, collection, stop, known, failure: undefined };
    return begun;
  };

  return {
    async only(wanted) {
      const keys = new Map(wanted.map((reference) => [keyOf(reference), reference]));
      for (const [key, { stop }] of followed) {
        if (keys.has(key)) continue;
        stop.abort();
        followed.delete(key);
      }
      const fresh = [...keys].filter(([key]) => !followed.has(key));
      for (const [key, reference] of fresh) followed.set(key, begin(reference));
      await Promise.all(fresh.map(([key]) => followed.get(key)?.known));
      return fresh.length > 0;
    },
    kept: () => [...followed.values()].map(({ collection }) => collection.kept()).filter((kept) => kept !== undefined),
    unread: () =>
      [...followed.values()].flatMap(({ reference, collection, failure }) =>
        collection.kept() || !failure ? [] : [{ ...reference, problem: problemOf(failure, reference) }],
      ),
  };
}

/** Whether it is the server that failed, or the way to it, and not that it says no. */
function mayPass(error: Error): boolean {
  return !(error instanceof ApiError) || error.status >= 500 || error.status === 429;
}

/** Why one cannot be read; where that is not allowed, also who may change it, and how. */
function problemOf(failure: Error, { namespace }: Reference): string {
  if (!(failure instanceof ApiError && failure.status === 403)) return failure.message;
  return `${failure.message}: a RoleBinding of ClusterRole edgress-reads-references in namespace ${namespace} lets it be read`;
}

function keyOf({ kind, namespace, name }: Reference): string {
  return `${kind} ${namespace}/${name}`;
}
