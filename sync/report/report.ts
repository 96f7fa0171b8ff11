import type { CachedObject as KeptObject } from "../collect/watched-collection.ts";
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

/** What is to be reported to the owners of objects. */
export interface ReportInput {
  readonly ingresses: readonly KeptObject[];
  /** An Ingress or Service by how diagnostics name it: "Ingress namespace/name". */
  readonly findObject: (subject: string) => KeptObject | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What is live now; undefined where the round is held back: then nothing is said of what is live. */
  readonly publishedStatus: PublishedStatus | undefined;
  /** "namespace/name" of Ingresses that were ours, are not found any more, and may be there still. */
  readonly unlistedIngresses: readonly string[];
  readonly fetchIngress: (id: string) => Promise<IngressWithStatus>;
}

/** Names ("namespace/name") of Ingresses, to look for one. */
export type IngressIdSet = ReadonlySet<string> | ReadonlyMap<string, unknown>;

export interface PublishedStatus {
  readonly generation: number;
  readonly digest: string;
  readonly isNew: boolean;
  /** "namespace/name" of our Ingresses. */
  readonly ownedIngresses: readonly IngressIdSet[];
  /** Those that were ours before; of any other that is not, what it says is another sync job's. */
  readonly previouslyOwned: readonly IngressIdSet[];
  /** Those that have a route in the rules. */
  readonly routedIngresses: ReadonlySet<string>;
  /** Those of which something is live that was not before. */
  readonly changedIngresses: ReadonlySet<string>;
}

/**
 * Writes statuses and Events, each only where it says something new. It never rejects; resolves with how many failed, and
 * whether every status now says what is true.
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

const toObjectReference = memoize(
  ({ apiVersion, subject, namespace, name, uid, resourceVersion }: KeptObject): ObjectReference => {
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

/** Undefined: it never was ours. A canary has no route of its own: it is served where nothing of it failed. */
function decideStatus(
  name: string,
  { ownedIngresses, previouslyOwned, routedIngresses, changedIngresses, generation }: PublishedStatus,
  isGood: () => boolean,
  liveGeneration: string | undefined,
): DesiredStatus | undefined {
  if (!includesIngress(ownedIngresses, name)) return includesIngress(previouslyOwned, name) ? "not-owned" : undefined;
  if (!routedIngresses.has(name) && !isGood()) return "not-served";
  const previousGeneration = Number(liveGeneration);
  return {
    generation:
      changedIngresses.has(name) || !(previousGeneration >= 1 && previousGeneration <= generation)
        ? generation
        : previousGeneration,
  };
}
