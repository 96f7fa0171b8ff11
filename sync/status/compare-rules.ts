import type { HostRules } from "../../src/rules/snapshot.ts";
import { parseNamespace } from "../../src/rules/storage/route-id.ts";
import { findChangedIngresses } from "../publish/guard/changed-ingresses.ts";
import { diffRemovals } from "../publish/guard/removals.ts";
import type { ApprovalRequests } from "../report/approval-config-map.ts";
import type { ClusterSide } from "./cluster-side.ts";
import type { KvSide } from "./kv-side.ts";

/** The Ingresses ("namespace/name") and HTTPRoutes ("HTTPRoute namespace/name") whose published routes are not those of the cluster. */
export interface RuleComparison {
  readonly differing: ReadonlySet<string>;
  /** Not comparable, because a Secret or ConfigMap of their namespace is not readable. */
  readonly unknown: ReadonlySet<string>;
}

/** Compares the published rules with those of the cluster. Removals that the deletion guard blocks are not differences. */
export function compareRules({ hosts }: Pick<KvSide, "hosts">, cluster: ClusterSide): RuleComparison {
  const [published, compiled] = [maskSecrets(hosts), maskSecrets(cluster.result.compilation.rules.hosts)];
  const blockedRemovals = cluster.blockedRemovals.ok ? cluster.blockedRemovals.value : new Map();
  const remaining = diffRemovals(published, compiled).routes.filter(({ line }) => !isBlocked(line, blockedRemovals));
  const differing = new Set([...findChangedIngresses(published, compiled), ...remaining.map(({ ingress }) => ingress)]);
  const unreadableNamespaces = new Set(cluster.cluster.unreadableReferences.map(({ namespace }) => namespace));
  const unknown = new Set([...differing].filter((owner) => unreadableNamespaces.has(parseNamespace(owner))));
  return { differing: new Set([...differing].filter((owner) => !unknown.has(owner))), unknown };
}

/** Whether a route ("shop.example.com prefix /cart of shop/cart#0.0") is in a blocked removal. */
function isBlocked(line: string, blockedRemovals: ApprovalRequests): boolean {
  return [...blockedRemovals.values()].some(({ routes }) => routes.split("\n").includes(`route ${line}`));
}

/** Hides secrets, because a compilation has tokens and KV has ciphertext. */
function maskSecrets(hosts: readonly HostRules[]): readonly HostRules[] {
  return JSON.parse(JSON.stringify(hosts).replace(/"sealed:[^"]*"/g, '"sealed"'));
}
