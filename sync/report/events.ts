import { createHash } from "node:crypto";
import { diffLists } from "../incremental/list-diff.ts";
import { memoize } from "../incremental/memoize.ts";
import type { EventMessage, ObjectReference } from "./event-messages.ts";
import { type WriteResult, type WriterOptions, writeAll } from "./parallel-writer.ts";

const COMPONENT = "edgress";
const CONTROLLER = "edgress.dev/ingress-controller";
const MAX_NAME_LENGTH = 253; // of a DNS subdomain
const MAX_MESSAGE_BYTES = 1024; // of a note in events.k8s.io
// As client-go allows: https://github.com/kubernetes/client-go/blob/master/tools/record/events_cache.go
const BURST_EVENTS = 25;
const TOKEN_REFILL_MS = 300_000; // for one more Event about the same object

/** An Event of core/v1, as it is created. */
export interface Event {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly involvedObject: ObjectReference;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: 1;
  readonly source: { readonly component: string };
  readonly reportingComponent: string; // core/v1's name of reportingController
  readonly reportingInstance: string;
}

/** How many more Events an object may have: `tokens`, as of `at`. */
interface Bucket {
  readonly tokens: number;
  readonly updatedAt: number;
}

/** What has been told, from round to round. */
export interface EventHistory {
  /** The notices that stood in the last round and have been told, and their keys. */
  readonly messages: readonly EventMessage[];
  readonly keys: ReadonlySet<string>;
  /** By uid; an object without one has all its tokens. */
  readonly buckets: ReadonlyMap<string, Bucket>;
}

export const NO_EVENTS: EventHistory = { messages: [], keys: new Set(), buckets: new Map() };

/** A notice that is new, and the Event that tells it. */
export interface PendingEvent {
  readonly key: string;
  readonly event: Event;
}

/**
 * The Events of what is new in `notices`, and what will have been told once they are written. An object that has had too
 * many of late is told later, with the notices that still stand then. `instance` is the Pod that reports.
 */
export function planEvents(
  previousHistory: EventHistory,
  messages: readonly EventMessage[],
  now: Date,
  instance: string,
): { pendingEvents: PendingEvent[]; history: EventHistory } {
  const { removed, added } = diffLists(previousHistory.messages, messages);
  const keys = new Set(previousHistory.keys);
  for (const message of removed) keys.delete(formatKey(message));
  const buckets = dropFullBuckets(previousHistory.buckets, now.getTime());
  const pendingEvents: PendingEvent[] = [];
  for (const message of added) {
    const key = formatKey(message);
    if (keys.has(key)) continue;
    if (!previousHistory.keys.has(key)) {
      const bucket = takeToken(buckets.get(message.involvedObject.uid), now.getTime());
      if (!bucket) continue;
      buckets.set(message.involvedObject.uid, bucket);
      pendingEvents.push({ key, event: buildEvent(message, now, instance) });
    }
    keys.add(key);
  }
  return { pendingEvents, history: { messages: filterReported(messages, keys), keys, buckets } };
}

/** The notices that have been told: all, but for a few of an object that has had too many, or that failed. */
function filterReported(messages: readonly EventMessage[], keys: ReadonlySet<string>): readonly EventMessage[] {
  return keys.size === messages.length ? messages : messages.filter((message) => keys.has(formatKey(message)));
}

/** Writes what is new in `notices`. What could not be written is not told, so that the next round tries again. */
export async function reportEvents(
  previousHistory: EventHistory,
  messages: readonly EventMessage[],
  now: Date,
  instance: string,
  options: WriterOptions,
): Promise<{ history: EventHistory; result: WriteResult<PendingEvent> }> {
  const { pendingEvents, history } = planEvents(previousHistory, messages, now, instance);
  const result = await writeAll(
    pendingEvents,
    {
      describe: ({ event: { reason, involvedObject: about } }) =>
        `the Event ${reason} on ${about.kind} ${about.namespace}/${about.name}`,
      write: (api, { event }) =>
        api.create(`/api/v1/namespaces/${event.metadata.namespace}/events`, {
          apiVersion: "v1",
          kind: "Event",
          ...event,
        }),
      canSkip: isDuplicateOrDeleted,
    },
    options,
  );
  return { history: withoutUnsent(history, result), result };
}

/** What was not even tried gets its token back; what failed does not, so that trying again has a pace too. */
function withoutUnsent(
  history: EventHistory,
  { failedItems, remainingItems }: WriteResult<PendingEvent>,
): EventHistory {
  if (failedItems.length + remainingItems.length === 0) return history;
  const { messages, buckets } = history;
  const unsentKeys = new Set([...failedItems, ...remainingItems].map(({ key }) => key));
  const refundedBuckets = new Map(buckets);
  for (const { event } of remainingItems) {
    const { uid } = event.involvedObject;
    const bucket = refundedBuckets.get(uid);
    if (bucket) refundedBuckets.set(uid, { ...bucket, tokens: bucket.tokens + 1 });
  }
  const keys = new Set([...history.keys].filter((key) => !unsentKeys.has(key)));
  return { messages: filterReported(messages, keys), keys, buckets: refundedBuckets };
}

/** 409: it has been told, by a former process maybe. 404, or a 403 of a certain wording: the namespace is going. */
function isDuplicateOrDeleted({ status, message }: { status: number; message: string }): boolean {
  return status === 409 || status === 404 || (status === 403 && message.includes("because it is being terminated"));
}

const formatKey = memoize(
  ({ involvedObject, reason, message }: EventMessage) => `${involvedObject.uid} ${reason} ${message}`,
);

function buildEvent(
  { involvedObject, severity, reason, message: text }: EventMessage,
  now: Date,
  instance: string,
): Event {
  const message = truncateUtf8(text.replace(/[\s\p{Cc}]+/gu, " "), MAX_MESSAGE_BYTES);
  const time = `${now.toISOString().slice(0, 19)}Z`; // core/v1 keeps whole seconds
  return {
    metadata: { namespace: involvedObject.namespace, name: buildEventName(involvedObject, reason, message) },
    involvedObject: involvedObject,
    type: severity === "note" ? "Normal" : "Warning",
    reason,
    message,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
    source: { component: COMPONENT },
    reportingComponent: CONTROLLER,
    reportingInstance: instance,
  };
}

/** The same for the same notice, so that the API server refuses what it has been told already. */
function buildEventName({ name, uid }: ObjectReference, reason: string, message: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([uid, reason, message]))
    .digest("hex")
    .slice(0, 24);
  const prefixLength = MAX_NAME_LENGTH - hash.length - 1;
  return `${name.slice(0, prefixLength).replace(/[.-]+$/, "")}.${hash}`; // a label ends with a letter or digit
}

/** At most `bytes` of UTF-8, no character halved. */
function truncateUtf8(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  const prefix = encoded.subarray(0, bytes - Buffer.byteLength("…"));
  return `${new TextDecoder().decode(prefix, { stream: true })}…`;
}

/** One token less, or undefined where there is none. */
function takeToken(bucket: Bucket | undefined, now: number): Bucket | undefined {
  const tokens = bucket ? countTokens(bucket, now) : BURST_EVENTS;
  return tokens < 1 ? undefined : { tokens: tokens - 1, updatedAt: now };
}

function countTokens({ tokens, updatedAt }: Bucket, now: number): number {
  return Math.min(BURST_EVENTS, tokens + Math.max(0, now - updatedAt) / TOKEN_REFILL_MS);
}

/** Without those that are full again, so that what is kept does not grow with every object that ever was. */
function dropFullBuckets(buckets: ReadonlyMap<string, Bucket>, now: number): Map<string, Bucket> {
  const partialBuckets = new Map<string, Bucket>();
  for (const [uid, bucket] of buckets) if (countTokens(bucket, now) < BURST_EVENTS) partialBuckets.set(uid, bucket);
  return partialBuckets;
}
