import { isDeepStrictEqual } from "node:util";
import * as z from "zod";
import type {
  GatewayClassStatus,
  GatewayStatus,
  HttpRouteStatus,
  StatusCondition,
} from "../../compile/gateway/gateway-compilation.ts";
import { type ConditionTime, isForNewerGeneration, mergeConditions, ObservedConditions } from "./merge-conditions.ts";

// Each function returns the new status, from the observed one and the compiled one. It returns undefined if they are equal,
// if the observed one is for a newer generation, or if it is unreadable, so that no entry of another controller is lost.

/** The fields of a status that a merge patch sets. */
export type StatusFields = Readonly<Record<string, unknown>>;

const ClassStatus = z.object({ conditions: ObservedConditions, supportedFeatures: z.unknown().optional() });

export function mergeClassStatus(
  observed: unknown,
  { conditions, supportedFeatures }: GatewayClassStatus,
  time: ConditionTime,
): StatusFields | undefined {
  const current = ClassStatus.safeParse(observed ?? {}).data;
  if (!current || isForNewerGeneration(current.conditions, time.generation)) return undefined;
  return findDifference(current, {
    conditions: mergeConditions(current.conditions, conditions, time),
    supportedFeatures: supportedFeatures.map((name) => ({ name })),
  });
}

const ListenersStatus = z.object({
  conditions: ObservedConditions,
  listeners: z
    .array(z.looseObject({ name: z.string(), conditions: ObservedConditions }))
    .nullish()
    .transform((listeners) => listeners ?? []),
  addresses: z.unknown().optional(),
  attachedListenerSets: z.unknown().optional(),
});

/** Merges the status of a Gateway or a ListenerSet. */
export function mergeGatewayStatus(
  observed: unknown,
  { conditions, listeners, addresses, attachedListenerSets }: GatewayStatus,
  time: ConditionTime,
): StatusFields | undefined {
  const current = ListenersStatus.safeParse(observed ?? {}).data;
  if (!current || isForNewerGeneration(current.conditions, time.generation)) return undefined;
  return findDifference(current, {
    conditions: mergeConditions(current.conditions, conditions, time),
    listeners: listeners.map((listener) => {
      const previous = current.listeners.find(({ name }) => name === listener.name);
      return { ...listener, conditions: mergeConditions(previous?.conditions ?? [], listener.conditions, time) };
    }),
    ...(addresses !== undefined && { addresses }),
    ...(attachedListenerSets !== undefined && { attachedListenerSets }),
  });
}

const RouteStatus = z.object({
  parents: z
    .array(z.looseObject({ parentRef: z.unknown(), controllerName: z.string(), conditions: ObservedConditions }))
    .nullish()
    .transform((parents) => parents ?? []),
});

/** The API server refuses a status with more. */
const MAX_PARENTS = 32;

/** Merges the parents of ours. Without any, the entries of ours are removed. Those of other controllers stay. */
export function mergeRouteStatus(
  observed: unknown,
  parents: HttpRouteStatus["parents"],
  time: ConditionTime,
  controllerName: string,
): StatusFields | undefined {
  const current = RouteStatus.safeParse(observed ?? {}).data;
  if (!current) return undefined;
  const own = current.parents.filter((parent) => parent.controllerName === controllerName);
  if (own.some(({ conditions }) => isForNewerGeneration(conditions, time.generation))) return undefined;
  const build = (parentRef: unknown, conditions: readonly StatusCondition[]) => {
    const previous = own.find((parent) => isDeepStrictEqual(parent.parentRef, parentRef));
    return { parentRef, controllerName, conditions: mergeConditions(previous?.conditions ?? [], conditions, time) };
  };
  const others = current.parents.filter((parent) => parent.controllerName !== controllerName);
  const written = parents.slice(0, Math.max(0, MAX_PARENTS - others.length));
  const merged = written.map(({ parentRef, conditions }) => build(parentRef, conditions));
  const isWritten = own.length === merged.length && merged.every((parent) => includesEqual(own, parent));
  return isWritten ? undefined : { parents: [...others, ...merged] };
}

/** Whether a route has conditions of ours for a generation. */
export function hasRouteStatus(observed: unknown, controllerName: string, generation: number): boolean {
  const { parents = [] } = RouteStatus.safeParse(observed ?? {}).data ?? {};
  const own = parents.filter((parent) => parent.controllerName === controllerName);
  return own.some(({ conditions }) => conditions.some((condition) => condition.observedGeneration === generation));
}

/** Whether a list has an equal entry. Another writer may change the order. */
function includesEqual(list: readonly object[], entry: object): boolean {
  return list.some((other) => isDeepStrictEqual(other, entry));
}

function findDifference(current: StatusFields, wanted: StatusFields): StatusFields | undefined {
  return isDeepStrictEqual({ ...current, ...wanted }, current) ? undefined : wanted;
}

/** Returns a status whose rules are not published. It is pending, except conditions that were True in this generation. */
export function holdProgrammed(observed: unknown, status: GatewayStatus, problem: string): GatewayStatus {
  const current = ListenersStatus.safeParse(observed ?? {}).data ?? { conditions: [], listeners: [] };
  const hold = (conditions: readonly StatusCondition[], previous: z.infer<typeof ObservedConditions>) =>
    conditions.map((condition): StatusCondition => {
      if (condition.type !== "Programmed" || condition.status !== "True") return condition;
      const wasProgrammed = previous.some(
        ({ type, status: state, observedGeneration }) =>
          type === "Programmed" && state === "True" && observedGeneration === status.generation,
      );
      return wasProgrammed ? condition : { ...condition, status: "False", reason: "Pending", message: problem };
    });
  return {
    ...status,
    conditions: hold(status.conditions, current.conditions),
    listeners: status.listeners.map((listener) => ({
      ...listener,
      conditions: hold(
        listener.conditions,
        current.listeners.find(({ name }) => name === listener.name)?.conditions ?? [],
      ),
    })),
  };
}
