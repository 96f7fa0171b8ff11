import type { CachedObject } from "../collect/watched-collection.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import { memoize } from "../incremental/memoize.ts";
import {
  buildEventMessages,
  findFailedObjects,
  type ObjectReference,
  type PublishedGeneration,
} from "./event-messages.ts";
import { type EventHistory, reportEvents } from "./events.ts";
import type { WriteResult, WriterOptions } from "./parallel-writer.ts";
import {
  buildStatusPatch,
  clearStatuses,
  type DesiredStatus,
  type IngressWithStatus,
  reportStatuses,
  type StatusWrite,
} from "./status.ts";

/** Result of a sync to report to the owners of objects. */
export interface ReportInput {
  readonly ingresses: readonly CachedObject[];
  /** Finds an object by its name in diagnostics: "Ingress namespace/name". */
  readonly findObject: (subject: string) => CachedObject | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The published state. Undefined if nothing was published: then no status is written. */
  readonly publishedStatus: PublishedStatus | undefined;
  /** Formerly owned Ingresses ("namespace/name") that are no longer listed, but may still exist. */
  readonly unlistedIngresses: readonly string[];
  readonly fetchIngress: (id: string) => Promise<IngressWithStatus>;
}

/** Set of Ingress names ("namespace/name"). */
export type IngressIdSet = ReadonlySet<string> | ReadonlyMap<string, unknown>;

export interface PublishedStatus {
  readonly generation: number;
  readonly digest: string;
  readonly isNew: boolean;
  /** Names of owned Ingresses. */
  readonly ownedIngresses: readonly IngressIdSet[];
  /** Names of Ingresses owned before this sync. Statuses of all others belong to another controller. */
  readonly previouslyOwned: readonly IngressIdSet[];
  /** Names of Ingresses with a route in the rules. */
  readonly routedIngresses: ReadonlySet<string>;
  /** Names of Ingresses whose published routes all return 503. */
  readonly closedIngresses: IngressIdSet;
  /** Names of Ingresses with a new or changed published route. */
  readonly changedIngresses: ReadonlySet<string>;
}

/**
 * Writes changed statuses and new Events. It never rejects. Resolves with the number of failed writes, and with
 * `isSettled` if every status is up to date.
 */
export async function report(
  input: ReportInput,
  history: EventHistory,
  addresses: readonly string[],
  instance: string,
  now: Date,
  options: WriterOptions,
): Promise<{ history: EventHistory; failures: number; isSettled: boolean }> {
  const writes = planStatusWrites(input, addresses);
  const statuses = await reportStatuses(writes, options);
  const { publishedStatus, diagnostics, findObject, unlistedIngresses, fetchIngress } = input;
  const clearResult = await clearStatuses(publishedStatus ? unlistedIngresses : [], fetchIngress, addresses, options);
  const publication: PublishedGeneration | undefined = publishedStatus?.isNew
    ? { ...publishedStatus, changedIngresses: [...publishedStatus.changedIngresses] }
    : undefined;
  const messages = buildEventMessages(diagnostics, publication, (object) => {
    const cached = findObject(object);
    return cached && toObjectReference(cached);
  });
  const events = await reportEvents(history, messages, now, instance, options);
  return {
    history: events.history,
    failures: statuses.failedItems.length + clearResult.failedItems.length + events.result.failedItems.length,
    isSettled: publishedStatus !== undefined && statuses.writtenCount === writes.length && isComplete(clearResult),
  };
}

function includesIngress(idSets: readonly IngressIdSet[], name: string): boolean {
  return idSets.some((ids) => ids.has(name));
}

function isComplete({ failedItems, remainingItems }: WriteResult<unknown>): boolean {
  return failedItems.length + remainingItems.length === 0;
}

/** Returns the reference to an observed object. */
export const toObjectReference = memoize(
  ({ apiVersion, subject, namespace, name, uid, resourceVersion }: CachedObject): ObjectReference => {
    return { apiVersion, kind: subject.split(" ")[0] ?? "", namespace, name, uid, resourceVersion };
  },
);

function planStatusWrites(
  { ingresses, diagnostics, publishedStatus }: ReportInput,
  addresses: readonly string[],
): StatusWrite[] {
  if (!publishedStatus) return [];
  const failedObjects = findFailedObjects(diagnostics);
  const writes: StatusWrite[] = [];
  for (const { id, subject, apiVersion, namespace, name, resourceVersion, status } of ingresses) {
    const desiredStatus = decideStatus(id, publishedStatus, () => !failedObjects.has(subject), status.liveGeneration);
    const patch = desiredStatus && buildStatusPatch({ resourceVersion, ...status }, desiredStatus, addresses);
    if (patch) writes.push({ apiVersion, namespace, name, patch });
  }
  return writes;
}

/** Returns undefined for an Ingress never owned. A canary has no separate route: it is served if it has no errors. */
function decideStatus(
  name: string,
  { ownedIngresses, previouslyOwned, routedIngresses, closedIngresses, changedIngresses, generation }: PublishedStatus,
  isGood: () => boolean,
  liveGeneration: string | undefined,
): DesiredStatus | undefined {
  if (!includesIngress(ownedIngresses, name)) return includesIngress(previouslyOwned, name) ? "not-owned" : undefined;
  if (!routedIngresses.has(name) && !isGood()) return "not-served";
  if (closedIngresses.has(name)) return "closed";
  const previousGeneration = Number(liveGeneration);
  return {
    generation:
      changedIngresses.has(name) || !(previousGeneration >= 1 && previousGeneration <= generation)
        ? generation
        : previousGeneration,
  };
}
