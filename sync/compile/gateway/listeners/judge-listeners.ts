import { CATCH_ALL_HOST } from "../../../../src/rules/hosts.ts";
import { nameOf } from "../../../collect/cluster-model.ts";
import { GATEWAY_GROUP } from "../../../collect/gateway/gateway-fields.ts";
import type { Gateway, GatewayListener, ListenerSet } from "../../../collect/gateway/gateway-model.ts";
import type { UnsupportedField } from "../../../collect/gateway/http-route-model.ts";
import type { ListenerInterner } from "../gateway-cache.ts";
import type { ServedListener } from "../gateway-compilation.ts";
import type { ConditionProblem, JudgedListener } from "../judged-gateways.ts";
import { judgeListener, type ListenerVerdict } from "./judge-listener.ts";
import type { CertificateSources, ListenerOwner } from "./listener-certificates.ts";
import { findConflicts, findOverlaps } from "./listener-conflicts.ts";

/** The listeners of a Gateway or ListenerSet. */
export interface ListenerGroup {
  readonly owner: ListenerOwner;
  readonly listeners: readonly GatewayListener[];
  readonly unsupportedFields: readonly UnsupportedField[];
}

/** Returns the listeners of an object as a group. `gatewayFields` are the unsupported fields of the Gateway. */
export function buildGroup(
  kind: ListenerOwner["kind"],
  { namespace, name, listeners, unsupportedFields = [] }: Gateway | ListenerSet,
  gatewayFields: readonly UnsupportedField[],
): ListenerGroup {
  return {
    owner: { group: GATEWAY_GROUP, kind, namespace, name },
    listeners,
    unsupportedFields: [...gatewayFields.filter(({ field }) => !isListenerField(field)), ...unsupportedFields],
  };
}

function isListenerField(field: string): boolean {
  return field.startsWith("spec.listeners[");
}

/** Whether an unsupported field is of the listener at `index`, or of the whole object. */
function concernsListener(field: string, index: number): boolean {
  return !isListenerField(field) || field.startsWith(`spec.listeners[${index}].`);
}

/** A listener with its conflict, before the verdict on the objects that have it. */
export type RivalListener = ListenerVerdict &
  Pick<JudgedListener, "listener" | "conflict" | "hasOverlappingHostname"> & { readonly owner: ListenerOwner };

/** Judges the listeners of a Gateway and its ListenerSets, in the order of their precedence. */
export function judgeListeners(
  groups: readonly ListenerGroup[],
  sources: CertificateSources,
): readonly (readonly RivalListener[])[] {
  const verdicts = groups.map(({ owner, listeners, unsupportedFields }) =>
    listeners.map((listener, index) => ({
      listener,
      owner,
      ...judgeListener(
        listener,
        owner,
        unsupportedFields.filter(({ field }) => concernsListener(field, index)),
        sources,
      ),
    })),
  );
  const conflicts = findConflicts(verdicts);
  const isHttps = (verdict: ListenerVerdict) => verdict.scheme === "https" && !verdict.rejection;
  const overlaps = findOverlaps(
    verdicts.flat().flatMap((verdict) => (isHttps(verdict) && !conflicts.has(verdict) ? [verdict.hostname] : [])),
  );
  return verdicts.map((group) =>
    group.map((verdict) => ({
      ...verdict,
      conflict: conflicts.get(verdict),
      hasOverlappingHostname: isHttps(verdict) && !conflicts.has(verdict) && overlaps.has(verdict.hostname),
    })),
  );
}

/** The values of a Gateway that its served listeners have. */
export interface ListenerIdentity {
  readonly gateway: string; // "namespace/name"
  readonly address: string | undefined;
  readonly intern: ListenerInterner;
}

/** Whether a listener is valid, even if one of its references is not. */
export function isAcceptedListener({ conflict, rejection }: RivalListener): boolean {
  return conflict === undefined && rejection === undefined;
}

/** Whether a listener can serve requests. */
export function isUsableListener({ conflict, unprogrammed }: RivalListener): boolean {
  return conflict === undefined && unprogrammed === undefined;
}

/** Completes the verdict on a listener. `parentProblem` is why no listener of its Gateway or ListenerSet is served. */
export function finishListener(
  rival: RivalListener,
  identity: ListenerIdentity,
  parentProblem: ConditionProblem | undefined,
): JudgedListener {
  const { listener, owner, hostname, supportedKinds, conflict, rejection, unresolved, secrets } = rival;
  const unprogrammed = conflict ?? rival.unprogrammed ?? parentProblem;
  const key = formatListenerKey(owner, listener.name);
  const served = unprogrammed ? [] : listServed(rival, identity);
  return {
    listener,
    key,
    hostname,
    supportedKinds,
    conflict,
    rejection,
    unresolved,
    unprogrammed,
    hasOverlappingHostname: rival.hasOverlappingHostname,
    secrets,
    served,
  };
}

/** A listener for any host serves the Gateway's address too, for the routes of this Gateway only. */
function listServed(
  { listener: { name }, owner, scheme, hostname }: RivalListener,
  { gateway, address, intern }: ListenerIdentity,
): readonly ServedListener[] {
  if (scheme === undefined) return [];
  const served: ServedListener = { gateway, owner: formatOwner(owner), name, scheme, hostname };
  const all =
    hostname === CATCH_ALL_HOST && address !== undefined
      ? [served, { ...served, hostname: address, addressOf: address }]
      : [served];
  return all.map(intern);
}

function formatListenerKey(owner: ListenerOwner, name: string): string {
  return `${formatOwner(owner)} ${name}`;
}

function formatOwner(owner: ListenerOwner): string {
  return `${owner.kind} ${nameOf(owner)}`;
}
