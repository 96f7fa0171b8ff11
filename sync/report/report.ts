import type { Kept as KeptObject } from "../collect/collection.ts";
import type { Diagnostic } from "../compile/diagnostic.ts";
import { onceEach } from "../once-each.ts";
import { reportEvents, type Told } from "./events.ts";
import { failedIn, type Involved, noticesOf, type Publication } from "./notices.ts";
import {
  clearStatuses,
  reportStatuses,
  type ShownIngress,
  type StatusWrite,
  statusPatch,
  type WantedStatus,
} from "./status.ts";
import type { Reporting, Written } from "./writing.ts";

/** What is to be reported to the owners of objects. */
export interface Reported {
  readonly ingresses: readonly KeptObject[];
  /** An Ingress or Service by how diagnostics name it: "Ingress namespace/name". */
  readonly find: (subject: string) => KeptObject | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** What is live now; undefined where the round is held back: then nothing is said of what is live. */
  readonly live: Live | undefined;
  /** "namespace/name" of Ingresses that were ours, are not found any more, and may be there still. */
  readonly outOfSight: readonly string[];
  readonly lookAt: (id: string) => Promise<ShownIngress>;
}

/** Names ("namespace/name") of Ingresses, to look for one. */
export type Names = ReadonlySet<string> | ReadonlyMap<string, unknown>;

export interface Live {
  readonly generation: number;
  readonly digest: string;
  readonly isNew: boolean;
  /** "namespace/name" of our Ingresses. */
  readonly ours: readonly Names[];
  /** Those that were ours before; of any other that is not, what it says is another sync job's. */
  readonly were: readonly Names[];
  /** Those that have a route in the rules. */
  readonly routed: ReadonlySet<string>;
  /** Those of which something is live that was not before. */
  readonly changed: ReadonlySet<string>;
}

/**
 * Writes statuses and Events, each only where it says something new. It never rejects; resolves with how many failed, and
 * whether every status now says what is true.
 */
export async function report(
  reported: Reported,
  told: Told,
  addresses: readonly string[],
  instance: string,
  now: Date,
  reporting: Reporting,
): Promise<{ told: Told; failures: number; isSettled: boolean }> {
  const writes = statusWrites(reported, addresses);
  const statuses = await reportStatuses(writes, reporting);
  const { live, diagnostics, find, outOfSight, lookAt } = reported;
  const cleared = await clearStatuses(live ? outOfSight : [], lookAt, addresses, reporting);
  const publication: Publication | undefined = live?.isNew ? { ...live, changed: [...live.changed] } : undefined;
  const notices = noticesOf(diagnostics, publication, (object) => {
    const kept = find(object);
    return kept && involvedIn(kept);
  });
  const events = await reportEvents(told, notices, now, instance, reporting);
  return {
    told: events.told,
    failures: statuses.failed.length + cleared.failed.length + events.written.failed.length,
    isSettled: live !== undefined && statuses.written === writes.length && isDone(cleared),
  };
}

function isIn(all: readonly Names[], name: string): boolean {
  return all.some((names) => names.has(name));
}

function isDone({ failed, left }: Written<unknown>): boolean {
  return failed.length + left.length === 0;
}

const involvedIn = onceEach(({ apiVersion, subject, namespace, name, uid, resourceVersion }: KeptObject): Involved => {
  return { apiVersion, kind: subject.split(" ")[0] ?? "", namespace, name, uid, resourceVersion };
});

function statusWrites({ ingresses, diagnostics, live }: Reported, addresses: readonly string[]): StatusWrite[] {
  if (!live) return [];
  const failed = failedIn(diagnostics);
  const writes: StatusWrite[] = [];
  for (const { id, subject, apiVersion, namespace, name, resourceVersion, shown } of ingresses) {
    const wanted = wantedStatus(id, live, () => !failed.has(subject), shown.liveGeneration);
    const patch = wanted && statusPatch({ resourceVersion, ...shown }, wanted, addresses);
    if (patch) writes.push({ apiVersion, namespace, name, patch });
  }
  return writes;
}

/** Undefined: it never was ours. A canary has no route of its own: it is served where nothing of it failed. */
function wantedStatus(
  name: string,
  { ours, were, routed, changed, generation }: Live,
  isGood: () => boolean,
  shown: string | undefined,
): WantedStatus | undefined {
  if (!isIn(ours, name)) return isIn(were, name) ? "not ours" : undefined;
  if (!routed.has(name) && !isGood()) return "not served";
  const since = Number(shown);
  return { generation: changed.has(name) || !(since >= 1 && since <= generation) ? generation : since };
}
