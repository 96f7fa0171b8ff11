import { compareText } from "../../src/rules/compare-text.ts";
import { closeWith, isClosed } from "../../src/rules/policies/fail-closed.ts";
import type { HostRules, Rules } from "../../src/rules/snapshot.ts";
import { parseNamespace, parseRouteOwner } from "../../src/rules/storage/route-id.ts";
import { MAX_SHARD_BYTES } from "../../src/rules/storage/shard-text.ts";
import { formatMebibytes } from "./kv-limits.ts";
import type { PublicationPlan } from "./plan-publication.ts";
import type { SerializedShard } from "./serialize.ts";

/** Each step closes, or drops, the routes of one namespace in one shard. */
const MAX_STEPS = 64;

/** An Ingress whose routes on a host were closed, because their shard was too large. */
export interface ClosedIngress {
  readonly ingress: string; // "namespace/name"
  readonly host: string;
  readonly problem: string;
}

/** A plan whose shards fit, its rules, and the Ingresses that were closed for it. */
export interface FittedPublication {
  readonly rules: Rules;
  readonly plan: PublicationPlan;
  readonly closedIngresses: readonly ClosedIngress[];
}

/**
 * Plans the publication of rules. If a shard is too large, the routes of the namespace with the largest part of it answer
 * 503, and everything else is published. Throws if a shard is still too large.
 */
export function fitShards(rules: Rules, plan: (rules: Rules) => PublicationPlan): FittedPublication {
  let fitted: FittedPublication = { rules, plan: plan(rules), closedIngresses: [] };
  for (let step = 0; step < MAX_STEPS; step++) {
    const largeShard = [...fitted.plan.shards.values()].find(isTooLarge);
    if (largeShard === undefined) return fitted;
    const { hosts, closedIngresses } = closeLargestOwner(fitted.rules.hosts, largeShard);
    if (closedIngresses.length === 0) break;
    const nextRules = { ...fitted.rules, hosts };
    fitted = {
      rules: nextRules,
      plan: plan(nextRules),
      closedIngresses: mergeClosed(fitted.closedIngresses, closedIngresses),
    };
  }
  return fitted; // the size check of the publication rejects it
}

/** Adds Ingresses that were not closed before. A second step drops the routes that the first one closed. */
function mergeClosed(before: readonly ClosedIngress[], added: readonly ClosedIngress[]): ClosedIngress[] {
  const isKnown = ({ ingress, host }: ClosedIngress) =>
    before.some((closed) => closed.ingress === ingress && closed.host === host);
  return [...before, ...added.filter((closed) => !isKnown(closed))];
}

function isTooLarge({ bytes }: SerializedShard): boolean {
  return bytes > MAX_SHARD_BYTES;
}

function closeLargestOwner(hosts: readonly HostRules[], shard: SerializedShard) {
  const names = new Set(shard.members.map(({ name }) => name));
  const members = hosts.filter(({ host }) => names.has(host));
  const largest = findLargestOwner(members);
  if (largest === undefined) return { hosts, closedIngresses: [] };
  const shardSize = formatMebibytes(shard.bytes);
  const problem = `the shard of the host would have ${shardSize} of at most ${formatMebibytes(MAX_SHARD_BYTES)} MiB, and namespace ${largest} has the largest part`;
  const closedIngresses = new Map(
    members.flatMap(({ host, routes }) =>
      routes
        .filter((route) => parseNamespace(route.id) === largest)
        .map(({ id }) => [`${parseRouteOwner(id)} ${host}`, { ingress: parseRouteOwner(id), host, problem }] as const),
    ),
  );
  return {
    hosts: hosts.map((rules) => (names.has(rules.host) ? closeRoutes(rules, largest, problem) : rules)),
    closedIngresses: [...closedIngresses.values()],
  };
}

/** Returns the namespace whose routes and backends take the most bytes of some hosts. */
function findLargestOwner(hosts: readonly HostRules[]): string | undefined {
  const sizes = new Map<string, number>();
  for (const { routes, backends } of hosts)
    for (const [id, value] of [...routes.map((route) => [route.id, route] as const), ...Object.entries(backends)]) {
      const namespace = parseNamespace(id); // of a route or a backend
      sizes.set(namespace, (sizes.get(namespace) ?? 0) + JSON.stringify(value).length);
    }
  return [...sizes].toSorted(([a, bytes], [b, otherBytes]) => otherBytes - bytes || compareText(a, b))[0]?.[0];
}

/** Closes the routes of a namespace, or drops them if they are closed. Drops the backends that only they use. */
function closeRoutes(rules: HostRules, namespace: string, reason: string): HostRules {
  if (!rules.routes.some(({ id }) => parseNamespace(id) === namespace)) return rules;
  const routes = rules.routes.flatMap((route) => {
    if (parseNamespace(route.id) !== namespace) return [route];
    return isClosed(route.policies) ? [] : [{ id: route.id, path: route.path, policies: closeWith(reason) }];
  });
  const texts = [...routes, rules.policies].map((value) => JSON.stringify(value));
  const backends = Object.entries(rules.backends).filter(([id]) =>
    texts.some((text) => text.includes(JSON.stringify(id))),
  );
  return { ...rules, routes, backends: Object.fromEntries(backends) };
}
