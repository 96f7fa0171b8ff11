import type { CachedObject, GatewayFields } from "../../collect/object-cache.ts";
import type { GatewayStatus, GatewayStatuses, StatusTarget } from "../../compile/gateway/gateway-compilation.ts";
import { memoize } from "../../incremental/memoize.ts";
import {
  holdProgrammed,
  mergeClassStatus,
  mergeGatewayStatus,
  mergeRouteStatus,
  type StatusFields,
} from "./build-status.ts";

/** Returns the new status of an object from its observed one, or undefined if it has it. */
export type MergeStatus = (observed: unknown) => StatusFields | undefined;

/** A status to write. */
export interface GatewayStatusWrite {
  readonly object: CachedObject;
  readonly merge: MergeStatus;
  readonly fields: StatusFields;
}

/** The compiled statuses, and the name and time to write them with. */
export interface CompiledGatewayStatuses {
  readonly statuses: GatewayStatuses;
  readonly controllerName: string;
  /** Why the compiled rules are not published. Undefined if they are. */
  readonly unpublished: string | undefined;
}

/** Returns the statuses that differ from the observed ones. */
export function planGatewayStatusWrites(
  objects: readonly CachedObject[],
  compiled: CompiledGatewayStatuses,
  now: Date,
): GatewayStatusWrite[] {
  const { statuses, unpublished } = compiled;
  const findMerge = createMergeLookup(compiled, `${now.toISOString().slice(0, 19)}Z`);
  return objects.flatMap((object) => {
    const { gatewayFields } = object;
    if (!gatewayFields) return [];
    if (unpublished === undefined && upToDate.get(gatewayFields) === statuses) return [];
    const merge = findMerge(object);
    const fields = merge?.(gatewayFields.status);
    if (merge && fields) return [{ object, merge, fields }];
    if (unpublished === undefined) upToDate.set(gatewayFields, statuses);
    return [];
  });
}

// The compiled statuses that an observed one was found equal to, because most objects do not change between two syncs.
const upToDate = new WeakMap<GatewayFields, GatewayStatuses>();

function createMergeLookup(compiled: CompiledGatewayStatuses, now: string) {
  const { statuses, controllerName } = compiled;
  const classes = indexStatuses(statuses.gatewayClasses);
  const gateways = indexStatuses(statuses.gateways);
  const listenerSets = indexStatuses(statuses.listenerSets);
  const routes = indexStatuses(statuses.httpRoutes);
  return (object: CachedObject): MergeStatus | undefined => {
    const { parsedObject } = object;
    switch (parsedObject.kind) {
      case "GatewayClass": {
        const status = findStatus(classes, object);
        return status && ((observed) => mergeClassStatus(observed, status, { generation: status.generation, now }));
      }
      case "Gateway":
        return createGatewayMerge(findStatus(gateways, object), compiled, now);
      case "ListenerSet":
        return createGatewayMerge(findStatus(listenerSets, object), compiled, now);
      case "HTTPRoute": {
        const { generation, parents } = findStatus(routes, object) ?? { ...parsedObject.object, parents: [] };
        return (observed) => mergeRouteStatus(observed, parents, { generation, now }, controllerName);
      }
      default:
        return undefined;
    }
  };
}

function createGatewayMerge(
  status: GatewayStatus | undefined,
  { unpublished }: CompiledGatewayStatuses,
  now: string,
): MergeStatus | undefined {
  if (!status) return undefined;
  const time = { generation: status.generation, now };
  return (observed) => {
    const held = unpublished === undefined ? status : holdProgrammed(observed, status, unpublished);
    return mergeGatewayStatus(observed, held, time);
  };
}

/** Returns the status of an object, unless it was for an earlier object of its name. */
function findStatus<T extends StatusTarget>(index: ReadonlyMap<string, T>, { id, uid }: CachedObject): T | undefined {
  const status = index.get(id);
  return status?.uid === uid ? status : undefined;
}

const indexStatuses = memoize(
  <T extends StatusTarget>(statuses: readonly T[]): ReadonlyMap<string, T> =>
    new Map(statuses.map((status) => [`${status.namespace}/${status.name}`, status])),
) as <T extends StatusTarget>(statuses: readonly T[]) => ReadonlyMap<string, T>; // of the same statuses
