import type { Ingress } from "../collect/cluster-model.ts";
import type { HttpRoute } from "../collect/gateway/http-route-model.ts";
import type { Diagnostic } from "../compile/diagnostics.ts";
import { NO_PREVIOUS_STATE, type PreviousState } from "../compile/last-good.ts";
import type { IgnoredIngress } from "../compile/select/ignored-ingresses.ts";
import type { EdgeFollower } from "../edge/edge-follower.ts";
import type { KubernetesClient } from "../kubernetes/client.ts";
import type { Leadership } from "../leader-election/leader-election.ts";
import type { Pin } from "../publish/history/pin.ts";
import type { ApprovalRequests } from "../report/approval-config-map.ts";
import { type EventHistory, NO_EVENTS } from "../report/events.ts";
import type { Logger } from "../report/log.ts";
import type { Metrics } from "../report/metrics.ts";
import { type IngressIdSet, NOTHING_UNREPORTED, type Unreported } from "../report/report.ts";
import type { Sleep } from "../runtime/sleep.ts";
import type { ClusterSource } from "./collect-cluster.ts";
import type { PublishDependencies, PublishedState, SyncOutcome } from "./publish-cluster.ts";

/** The clients and settings of the controller, in addition to those of every sync. */
export interface ControllerDependencies extends PublishDependencies, ClusterSource {
  readonly api: KubernetesClient;
  readonly leadership: Pick<Leadership, "status" | "check" | "reservations">;
  /** Returns the blocked removals that the ConfigMap shows, and their approvals. */
  readonly getApprovalRequests: () => ApprovalRequests;
  /** Observes the edge at `--edge-url`, if it is set. */
  readonly edgeFollower?: EdgeFollower | undefined;
  /** Waits until KV shows the last publication. */
  readonly sleep: Sleep;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly addresses: readonly string[];
  readonly instance: string; // the source of its Events
  readonly namespace: string; // of the Lease and the ConfigMaps of edgress
}

/** The state that one sync leaves for the next. */
export interface LoopState {
  /** Undefined until it is read, because another replica may have written. */
  readonly publishedState: PublishedState | undefined;
  /** The leadership term in which the published state was read. */
  readonly term: number | undefined;
  /** The last good Ingresses. A standby keeps those that it saw itself. */
  readonly previousState: PreviousState;
  /** Our Ingresses in the last successful sync of this process as leader. */
  readonly syncedIngresses: ReadonlyMap<string, Ingress> | undefined;
  /** The HTTPRoutes in that sync. */
  readonly syncedRoutes: readonly HttpRoute[] | undefined;
  readonly eventHistory: EventHistory;
  /** Publications whose statuses and Events are not written yet. */
  readonly unreported: Unreported;
  /** Number of consecutive reports with writes that failed or were postponed. */
  readonly incompleteReports: number;
  /** Ids ("namespace/name") of Ingresses that may have a status of edgress. */
  readonly ownedIngresses: readonly IngressIdSet[];
  /** Logged diagnostics that still apply. */
  readonly loggedDiagnostics: readonly Diagnostic[];
  /** Logged Ingresses of other classes. */
  readonly ignoredIngresses: readonly IgnoredIngress[];
  /** Whether regexes wait for their first check, because the budget of the sync was used up. */
  readonly hasUncheckedRegexes: boolean;
  /** Whether hosts wait for their records and routes, because the limit of the sync was reached. */
  readonly hasPostponedHosts: boolean;
  /** The rollback that the last sync as leader found. */
  readonly pin: Pin | undefined;
  /** Milliseconds until the stage of a roll-out can end; undefined without one. */
  readonly nextCheckMs: number | undefined;
  /** Number of consecutive failed syncs. */
  readonly failures: number;
  readonly result: SyncResult;
}

/** The result of a sync. It is "not-ready" until the first lists and the permits are known. */
export type SyncResult =
  | { readonly type: "not-ready" | "standby" }
  | { readonly type: "failed"; readonly problem: string }
  | { readonly type: "completed"; readonly outcome: SyncOutcome };

export const INITIAL_STATE: LoopState = {
  publishedState: undefined,
  term: undefined,
  previousState: NO_PREVIOUS_STATE,
  syncedIngresses: undefined,
  syncedRoutes: undefined,
  eventHistory: NO_EVENTS,
  unreported: NOTHING_UNREPORTED,
  incompleteReports: 0,
  ownedIngresses: [],
  loggedDiagnostics: [],
  ignoredIngresses: [],
  hasUncheckedRegexes: false,
  hasPostponedHosts: false,
  pin: undefined,
  nextCheckMs: undefined,
  failures: 0,
  result: { type: "not-ready" },
};
