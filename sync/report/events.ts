import { createHash } from "node:crypto";
import { differences } from "../differences.ts";
import { onceEach } from "../once-each.ts";
import type { Involved, Notice } from "./notices.ts";
import { type Reporting, type Written, writeAll } from "./writing.ts";

const COMPONENT = "edgress";
const CONTROLLER = "edgress.dev/ingress-controller";
const NAME_LENGTH = 253; // of a DNS subdomain
const MESSAGE_BYTES = 1024; // of a note in events.k8s.io
// As client-go allows: https://github.com/kubernetes/client-go/blob/master/tools/record/events_cache.go
const BURST = 25;
const REFILL_MS = 300_000; // for one more Event about the same object

/** An Event of core/v1, as it is created. */
export interface Event {
  readonly metadata: { readonly namespace: string; readonly name: string };
  readonly involvedObject: Involved;
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
  readonly at: number;
}

/** What has been told, from round to round. */
export interface Told {
  /** The notices that stood in the last round and have been told, and their keys. */
  readonly notices: readonly Notice[];
  readonly keys: ReadonlySet<string>;
  /** By uid; an object without one has all its tokens. */
  readonly buckets: ReadonlyMap<string, Bucket>;
}

export const NOTHING_TOLD: Told = { notices: [], keys: new Set(), buckets: new Map() };

/** A notice that is new, and the Event that tells it. */
export interface Due {
  readonly key: string;
  readonly event: Event;
}

/**
 * The Events of what is new in `notices`, and what will have been told once they are written. An object that has had too
 * many of late is told later, with the notices that still stand then. `instance` is the Pod that reports.
 */
export function eventsOf(
  before: Told,
  notices: readonly Notice[],
  now: Date,
  instance: string,
): { due: Due[]; after: Told } {
  const { gone, fresh } = differences(before.notices, notices);
  const keys = new Set(before.keys);
  for (const notice of gone) keys.delete(keyOf(notice));
  const buckets = stillFilling(before.buckets, now.getTime());
  const due: Due[] = [];
  for (const notice of fresh) {
    const key = keyOf(notice);
    if (keys.has(key)) continue;
    if (!before.keys.has(key)) {
      const left = takeToken(buckets.get(notice.involved.uid), now.getTime());
      if (!left) continue;
      buckets.set(notice.involved.uid, left);
      due.push({ key, event: eventOf(notice, now, instance) });
    }
    keys.add(key);
  }
  return { due, after: { notices: toldOf(notices, keys), keys, buckets } };
}

/** The notices that have been told: all, but for a few of an object that has had too many, or that failed. */
function toldOf(notices: readonly Notice[], keys: ReadonlySet<string>): readonly Notice[] {
  return keys.size === notices.length ? notices : notices.filter((notice) => keys.has(keyOf(notice)));
}

/** Writes what is new in `notices`. What could not be written is not told, so that the next round tries again. */
export async function reportEvents(
  before: Told,
  notices: readonly Notice[],
  now: Date,
  instance: string,
  reporting: Reporting,
): Promise<{ told: Told; written: Written<Due> }> {
  const { due, after } = eventsOf(before, notices, now, instance);
  const written = await writeAll(
    due,
    {
      nameOf: ({ event: { reason, involvedObject: about } }) =>
        `the Event ${reason} on ${about.kind} ${about.namespace}/${about.name}`,
      write: (api, { event }) =>
        api.create(`/api/v1/namespaces/${event.metadata.namespace}/events`, {
          apiVersion: "v1",
          kind: "Event",
          ...event,
        }),
      isNeedless: isToldOrGone,
    },
    reporting,
  );
  return { told: withoutUntold(after, written), written };
}

/** What was not even tried gets its token back; what failed does not, so that trying again has a pace too. */
function withoutUntold(told: Told, { failed, left }: Written<Due>): Told {
  if (failed.length + left.length === 0) return told;
  const { notices, buckets } = told;
  const untold = new Set([...failed, ...left].map(({ key }) => key));
  const refunded = new Map(buckets);
  for (const { event } of left) {
    const { uid } = event.involvedObject;
    const bucket = refunded.get(uid);
    if (bucket) refunded.set(uid, { ...bucket, tokens: bucket.tokens + 1 });
  }
  const keys = new Set([...told.keys].filter((key) => !untold.has(key)));
  return { notices: toldOf(notices, keys), keys, buckets: refunded };
}

/** 409: it has been told, by a former process maybe. 404, or a 403 of a certain wording: the namespace is going. */
function isToldOrGone({ status, message }: { status: number; message: string }): boolean {
  return status === 409 || status === 404 || (status === 403 && message.includes("because it is being terminated"));
}

const keyOf = onceEach(({ involved, reason, message }: Notice) => `${involved.uid} ${reason} ${message}`);

function eventOf({ involved, severity, reason, message: text }: Notice, now: Date, instance: string): Event {
  const message = cut(text.replace(/[\s\p{Cc}]+/gu, " "), MESSAGE_BYTES);
  const time = `${now.toISOString().slice(0, 19)}Z`; // core/v1 keeps whole seconds
  return {
    metadata: { namespace: involved.namespace, name: nameOf(involved, reason, message) },
    involvedObject: involved,
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
function nameOf({ name, uid }: Involved, reason: string, message: string): string {
  const hash = createHash("sha256")
    .update(JSON.stringify([uid, reason, message]))
    .digest("hex")
    .slice(0, 24);
  const room = NAME_LENGTH - hash.length - 1;
  return `${name.slice(0, room).replace(/[.-]+$/, "")}.${hash}`; // a label ends with a letter or digit
}

/** At most `bytes` of UTF-8, no character halved. */
function cut(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  const kept = encoded.subarray(0, bytes - Buffer.byteLength("…"));
  return `${new TextDecoder().decode(kept, { stream: true })}…`;
}

/** One token less, or undefined where there is none. */
function takeToken(bucket: Bucket | undefined, now: number): Bucket | undefined {
  const tokens = bucket ? tokensOf(bucket, now) : BURST;
  return tokens < 1 ? undefined : { tokens: tokens - 1, at: now };
}

function tokensOf({ tokens, at }: Bucket, now: number): number {
  return Math.min(BURST, tokens + Math.max(0, now - at) / REFILL_MS);
}

/** Without those that are full again, so that what is kept does not grow with every object that ever was. */
function stillFilling(buckets: ReadonlyMap<string, Bucket>, now: number): Map<string, Bucket> {
  const filling = new Map<string, Bucket>();
  for (const [uid, bucket] of buckets) if (tokensOf(bucket, now) < BURST) filling.set(uid, bucket);
  return filling;
}
