import type { CachedObject } from "../collect/watched-collection.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import { memoize } from "../incremental/memoize.ts";
import {
  buildEventMessages,
  findFailedObjects,
  findUnreportedPublications,
  type GenerationMark,
  type ObjectReference,
  type UnreportedPublications,
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
  /** Names of owned Ingresses. */
  readonly ownedIngresses: readonly IngressIdSet[];
  /** Names of Ingresses owned before this sync. Statuses of all others belong to another controller. */
  readonly previouslyOwned: readonly IngressIdSet[];
  /** Names of Ingresses with a route in the rules. */
  readonly routedIngresses: ReadonlySet<string>;
  /** Names of Ingresses whose published routes all return 503. */
  readonly closedIngresses: IngressIdSet;
  /** Publications that neither a status nor an Event may have reported yet. */
  readonly unreported: Unreported;
}

/** Publications to report, from this sync and from earlier ones whose writes failed or were postponed. */
export interface Unreported {
  readonly statuses: UnreportedPublications;
  readonly events: UnreportedPublications;
}

export const NOTHING_UNREPORTED: Unreported = { statuses: new Map(), events: new Map() };

/** Adds a publication. It replaces older ones of the same Ingresses. Rules that were published before cause no Event. */
export function addPublication(
  { statuses, events }: Unreported,
  changedIngresses: ReadonlySet<string>,
  { generation, digest, hasChanged }: GenerationMark & { readonly hasChanged: boolean },
): Unreported {
  const added = Array.from(changedIngresses, (name) => [name, { generation, digest }] as const);
  return {
    statuses: new Map([...statuses, ...added]),
    events: new Map([...events, ...(hasChanged ? added : [])]),
  };
}

/** The result of a report. */
export interface ReportResult {
  readonly history: EventHistory;
  readonly failures: number; // writes that failed
  /** Whether every status is up to date. */
  readonly isSettled: boolean;
  /** Whether writes failed or were postponed. */
  readonly hasRemaining: boolean;
  readonly unreported: Unreported;
}

/** Writes changed statuses and new Events. It never rejects. */
export async function report(
  input: ReportInput,
  history: EventHistory,
  addresses: readonly string[],
  instance: string,
  now: Date,
  options: WriterOptions,
): Promise<ReportResult> {
  const writes = planStatusWrites(input, addresses);
  const statuses = await reportStatuses(writes, options);
  const { publishedStatus, diagnostics, findObject, unlistedIngresses, fetchIngress } = input;
  const clearResult = await clearStatuses(publishedStatus ? unlistedIngresses : [], fetchIngress, addresses, options);
  const { unreported } = publishedStatus ?? { unreported: NOTHING_UNREPORTED };
  const messages = buildEventMessages(diagnostics, unreported.events, (object) => {
    const cached = findObject(object);
    return cached && toObjectReference(cached);
  });
  const events = await reportEvents(history, messages, now, instance, options);
  const unwritten = new Set([...statuses.failedItems, ...statuses.remainingItems].map(formatIngressId));
  return {
    history: events.history,
    failures: statuses.failedItems.length + clearResult.failedItems.length + events.result.failedItems.length,
    isSettled: publishedStatus !== undefined && statuses.writtenCount === writes.length && isComplete(clearResult),
    hasRemaining: ![statuses, clearResult, events.result].every(isComplete),
    unreported: {
      statuses: new Map([...unreported.statuses].filter(([name]) => unwritten.has(name))),
      events: findUnreportedPublications(unreported.events, messages, events.history.messages),
    },
  };
}

function formatIngressId({ namespace, name }: StatusWrite): string {
  return `${namespace}/${name}`;
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
  { ownedIngresses, previouslyOwned, routedIngresses, closedIngresses, unreported, generation }: PublishedStatus,
  isGood: () => boolean,
  liveGeneration: string | undefined,
): DesiredStatus | undefined {
  if (!includesIngress(ownedIngresses, name)) return includesIngress(previouslyOwned, name) ? "not-owned" : undefined;
  if (!routedIngresses.has(name) && !isGood()) return "not-served";
  if (closedIngresses.has(name)) return "closed";
  const previousGeneration = Number(liveGeneration);
  const isKnown = previousGeneration >= 1 && previousGeneration <= generation;
  const changed = unreported.statuses.get(name);
  return { generation: changed?.generation ?? (isKnown ? previousGeneration : generation) };
}
