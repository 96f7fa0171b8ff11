import { createHash } from "node:crypto";
import { diffLists } from "../incremental/list-diff.ts";
import { memoize } from "../incremental/memoize.ts";
import type { EventMessage, ObjectReference } from "./event-messages.ts";
import { type WriteResult, type WriterOptions, writeAll } from "./parallel-writer.ts";

const COMPONENT = "edgress";
const CONTROLLER = "edgress.dev/ingress-controller";
const MAX_NAME_LENGTH = 253; // of a DNS subdomain
const MAX_MESSAGE_BYTES = 1024; // of a note in events.k8s.io
// The limits of client-go: https://github.com/kubernetes/client-go/blob/master/tools/record/events_cache.go
const BURST_EVENTS = 25;
const TOKEN_REFILL_MS = 300_000; // per token of an object

/** An Event of core/v1 to create. */
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

/** Token bucket of an object: `tokens` at the time `updatedAt`. One Event costs one token. */
interface Bucket {
  readonly tokens: number;
  readonly updatedAt: number;
}

/** Events reported by earlier syncs. */
export interface EventHistory {
  /** Reported messages that were still valid in the last sync, and their keys. */
  readonly messages: readonly EventMessage[];
  readonly keys: ReadonlySet<string>;
  /** Buckets by UID. An object without a bucket has all its tokens. */
  readonly buckets: ReadonlyMap<string, Bucket>;
}

export const NO_EVENTS: EventHistory = { messages: [], keys: new Set(), buckets: new Map() };

/** The Event of a new message, and the message's key. */
export interface PendingEvent {
  readonly key: string;
  readonly event: Event;
}

/**
 * Returns the Events of new messages, and the history after their writes. Messages of an object without tokens are
 * postponed, and dropped if they are no longer valid. `instance` is the reporting Pod.
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

/** Returns the reported messages: all except those that were postponed or failed. */
function filterReported(messages: readonly EventMessage[], keys: ReadonlySet<string>): readonly EventMessage[] {
  return keys.size === messages.length ? messages : messages.filter((message) => keys.has(formatKey(message)));
}

/** Writes Events of new messages. A failed Event is not in the history, so that the next sync retries it. */
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
      describe: ({ event: { reason, involvedObject: object } }) =>
        `the Event ${reason} on ${object.kind} ${object.namespace}/${object.name}`,
      write: (api, { event }, signal) =>
        api.create(
          `/api/v1/namespaces/${event.metadata.namespace}/events`,
          { apiVersion: "v1", kind: "Event", ...event },
          signal,
        ),
      canSkip: isDuplicateOrDeleted,
    },
    options,
  );
  return { history: withoutUnsent(history, result), result };
}

/** Removes unsent Events from the history. Only Events that were not attempted refund a token, so that retries are limited. */
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

/** 409: the Event exists, perhaps from an earlier process. 404, or a 403 with this wording: the namespace is deleted. */
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
  const time = `${now.toISOString().slice(0, 19)}Z`; // core/v1 stores whole seconds
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

/** Returns the same name for the same message, so that the API server rejects a duplicate. */
function buildEventName({ name, uid }: ObjectReference, reason: string, message: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([uid, reason, message]))
    .digest("hex")
    .slice(0, 24);
  const prefixLength = MAX_NAME_LENGTH - hash.length - 1;
  const [prefix] = /^.*[^.-]/s.exec(name.slice(0, prefixLength)) ?? [""]; // a label ends with a letter or digit
  return `${prefix}.${hash}`;
}

/** Truncates a text to `bytes` of UTF-8, between two characters. */
function truncateUtf8(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  const prefix = encoded.subarray(0, bytes - Buffer.byteLength("…"));
  return `${new TextDecoder().decode(prefix, { stream: true })}…`;
}

/** Returns the bucket with one token less, or undefined if it is empty. */
function takeToken(bucket: Bucket | undefined, now: number): Bucket | undefined {
  const tokens = bucket ? countTokens(bucket, now) : BURST_EVENTS;
  return tokens < 1 ? undefined : { tokens: tokens - 1, updatedAt: now };
}

function countTokens({ tokens, updatedAt }: Bucket, now: number): number {
  return Math.min(BURST_EVENTS, tokens + Math.max(0, now - updatedAt) / TOKEN_REFILL_MS);
}

/** Returns the buckets that are not full, so that the history does not grow with deleted objects. */
function dropFullBuckets(buckets: ReadonlyMap<string, Bucket>, now: number): Map<string, Bucket> {
  const partialBuckets = new Map<string, Bucket>();
  for (const [uid, bucket] of buckets) if (countTokens(bucket, now) < BURST_EVENTS) partialBuckets.set(uid, bucket);
  return partialBuckets;
}
