import type { ExistingRecord, Zone } from "../../cloudflare/dns.ts";
import type { ZoneRecord } from "../../cloudflare/host-records.ts";
import type { KvNamespace } from "../../cloudflare/namespaces.ts";
import type { WorkersRoute } from "../../cloudflare/routes.ts";
import { buildRecordLabel } from "../../compile/backends/origin-record-names.ts";
import { isOriginless } from "../../publish/hosts/match-registry.ts";
import type { StoredZoneRegistry } from "../../publish/hosts/registry.ts";
import { buildHostComment } from "../../publish/hosts/zone-view.ts";

/** What a zone has, for the removal. */
export interface ZoneContent {
  readonly zone: Zone;
  readonly records: readonly ZoneRecord[];
  readonly routes: readonly WorkersRoute[];
  /** Records with the comment of origin records. */
  readonly originRecords: readonly ExistingRecord[];
}

/** What the account has, for the removal. */
export interface AccountContent {
  readonly zones: readonly ZoneContent[];
  /** Zones whose records or routes the token may not read, each with the reason. */
  readonly unreadableZones: readonly string[];
  readonly registries: readonly StoredZoneRegistry[];
  readonly script: string;
  readonly namespaceId: string | undefined;
  /** Whether the Worker accepts our signing key. Undefined if it does not exist. */
  readonly isOurWorker: boolean | undefined;
  readonly customDomains: readonly string[]; // of the Worker
  /** Names of other Workers of edgress in the account. Undefined if they were not listed. */
  readonly otherWorkers: readonly string[] | undefined;
  /** Names of other Workers with a binding to our KV namespace. */
  readonly namespaceUsers: readonly string[];
  readonly namespace: KvNamespace | undefined;
  /** Why the namespace must stay. Undefined if it is ours. */
  readonly namespaceProblem: string | undefined;
}

/** One thing to remove. The order of a plan is safe to interrupt: the registry is in the KV namespace, which goes last. */
export type AccountRemoval =
  | { readonly type: "host-record"; readonly zone: Zone; readonly record: ZoneRecord }
  | { readonly type: "route"; readonly zone: Zone; readonly route: WorkersRoute }
  | { readonly type: "certificate"; readonly zone: Zone; readonly id: string; readonly secret: string }
  | { readonly type: "worker"; readonly script: string }
  | { readonly type: "origin-record"; readonly zone: Zone; readonly record: ExistingRecord }
  | { readonly type: "namespace"; readonly namespace: KvNamespace };

export interface RemovalPlan {
  readonly removals: readonly AccountRemoval[];
  /** What stays, and why. */
  readonly kept: readonly string[];
}

/** Plans the removal of the objects of a set-up. An object without proof that it is ours stays. */
export function planRemoval(content: AccountContent): RemovalPlan {
  const zonePlans = content.registries.map((registry) => planZoneRemoval(registry, content));
  const hostRemovals = zonePlans.flatMap(({ removals }) => removals);
  const worker = planWorker(content, hostRemovals);
  const origins = planOriginRecords(content);
  const isFinal = [...zonePlans, worker].every(({ kept }) => kept.length === 0);
  const namespace = planNamespace(content, isFinal);
  const plans = [...zonePlans, worker, origins, namespace];
  const order = ["host-record", "route", "certificate", "worker", "origin-record", "namespace"];
  return {
    removals: plans
      .flatMap(({ removals }) => removals)
      .toSorted((a, b) => order.indexOf(a.type) - order.indexOf(b.type)),
    kept: plans.flatMap(({ kept }) => kept),
  };
}

function planZoneRemoval(registry: StoredZoneRegistry, content: AccountContent): RemovalPlan {
  const { zones, script, namespaceId = "" } = content;
  const { zone } = registry;
  const zoneContent = zones.find((one) => one.zone.id === zone.id);
  const entries = [...registry.records, ...registry.routes, ...registry.certificates];
  if (entries.length === 0) return { removals: [], kept: [] };
  if (!zoneContent)
    return { removals: [], kept: [`zone ${zone.name}: the token does not see it, so its records and routes stay`] };
  const records = registry.records.map((entry) => {
    const isOurs = (record: ZoneRecord) =>
      record.name === entry.name && isOriginless(record) && hasHostComment(record, namespaceId);
    const { records } = zoneContent;
    const record = records.find(({ id }) => id === entry.id) ?? records.find(isOurs); // the id of an interrupted creation is unknown
    return { name: `record ${entry.name}`, found: record, isOurs: record !== undefined && isOurs(record) };
  });
  const routes = registry.routes.map((entry) => {
    const { routes } = zoneContent;
    const route = routes.find(({ id, pattern }) => (entry.id === null ? pattern === entry.pattern : id === entry.id));
    const isOurs = route?.pattern === entry.pattern && route.script === script;
    return { name: `route ${entry.pattern}`, found: route, isOurs };
  });
  return {
    removals: [
      ...records.flatMap(({ found, isOurs }) =>
        found && isOurs ? [{ type: "host-record", zone, record: found } as const] : [],
      ),
      ...routes.flatMap(({ found, isOurs }) =>
        found && isOurs ? [{ type: "route", zone, route: found } as const] : [],
      ),
      ...registry.certificates.flatMap(({ id, secret }) =>
        id === null ? [] : [{ type: "certificate", zone, id, secret } as const],
      ),
    ],
    kept: [...records, ...routes].flatMap(({ name, found, isOurs }) =>
      found && !isOurs ? [`${name}: someone else changed it`] : [],
    ),
  };
}

/** Whether a record has the comment of a controller that publishes to our KV namespace. */
function hasHostComment({ comment = "" }: ZoneRecord, namespaceId: string): boolean {
  const [, name] = /^edgress (\S+)\/host /.exec(comment) ?? [];
  return name !== undefined && comment === buildHostComment(name, namespaceId);
}

function planWorker(
  { zones, unreadableZones, script, isOurWorker, customDomains }: AccountContent,
  hostRemovals: readonly AccountRemoval[],
): RemovalPlan {
  if (isOurWorker === undefined) return { removals: [], kept: [] };
  if (!isOurWorker) return { removals: [], kept: [`Worker ${script}: it accepts other keys than ours`] };
  const [domain] = customDomains;
  if (domain !== undefined)
    return {
      removals: [],
      kept: [`Worker ${script}: its custom domain ${domain} is not ours; remove it first`],
    };
  const [unreadableZone] = unreadableZones;
  if (unreadableZone !== undefined)
    return { removals: [], kept: [`Worker ${script}: the routes of zone ${unreadableZone}`] };
  const removedIds = new Set(hostRemovals.flatMap((one) => (one.type === "route" ? [one.route.id] : [])));
  const foreign = zones.flatMap(({ routes }) =>
    routes.filter((route) => route.script === script && !removedIds.has(route.id)),
  );
  const [route] = foreign;
  if (route)
    return {
      removals: [],
      kept: [`Worker ${script}: the route ${route.pattern} leads to it and is not ours; remove it first`],
    };
  return { removals: [{ type: "worker", script }], kept: [] };
}

/** Origin records have no owner but edgress, so another Worker of edgress in the account may need them. */
function planOriginRecords({ zones, otherWorkers }: AccountContent): RemovalPlan {
  const records = zones.flatMap(({ zone, originRecords }) =>
    originRecords
      .filter(({ name, content }) => name.toLowerCase() === `${buildRecordLabel(content)}.${zone.name}`)
      .map((record) => ({ type: "origin-record", zone, record }) as const),
  );
  if (records.length === 0) return { removals: [], kept: [] };
  if (otherWorkers === undefined)
    return { removals: [], kept: [`${records.length} origin records: the Workers of the account were not listed`] };
  const [other] = otherWorkers;
  if (other !== undefined)
    return { removals: [], kept: [`${records.length} origin records: the Worker ${other} may need them`] };
  return { removals: records, kept: [] };
}

/** The namespace has the registry, so it stays as long as something is left. */
function planNamespace(
  { namespace, namespaceProblem, namespaceUsers: [user] }: AccountContent,
  isFinal: boolean,
): RemovalPlan {
  if (!namespace) return { removals: [], kept: [] };
  const name = `KV namespace ${namespace.title}`;
  if (namespaceProblem !== undefined) return { removals: [], kept: [`${name}: ${namespaceProblem}`] };
  if (user !== undefined) return { removals: [], kept: [`${name}: the Worker ${user} uses it`] };
  if (!isFinal) return { removals: [], kept: [`${name}: it has the list of what is left`] };
  return { removals: [{ type: "namespace", namespace }], kept: [] };
}

/** Describes a removal as one line. */
export function describeRemoval(removal: AccountRemoval): string {
  switch (removal.type) {
    case "host-record":
      return `DNS record ${removal.record.name} ${removal.record.type} ${removal.record.content}`;
    case "route":
      return `route ${removal.route.pattern}`;
    case "certificate":
      return `certificate of Secret ${removal.secret} in zone ${removal.zone.name}`;
    case "worker":
      return `Worker ${removal.script} with its secrets and Durable Objects`;
    case "origin-record":
      return `DNS record ${removal.record.name} ${removal.record.type} ${removal.record.content}`;
    case "namespace":
      return `KV namespace ${removal.namespace.title} with all its keys`;
  }
}
