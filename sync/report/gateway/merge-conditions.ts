import * as z from "zod";
import type { StatusCondition } from "../../compile/gateway/gateway-compilation.ts";
import { shortenText } from "../../runtime/printable-text.ts";

/** A condition as the API server has it. */
const ObservedCondition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string(),
  message: z.string(),
  observedGeneration: z.number().optional(),
  lastTransitionTime: z.string(),
});
export type ObservedCondition = z.infer<typeof ObservedCondition>;
export const ObservedConditions = z
  .array(ObservedCondition)
  .nullish()
  .transform((conditions) => conditions ?? []);

/** The conditions that edgress writes. Others belong to other controllers. */
const OWN_TYPES = [
  "Accepted",
  "Programmed",
  "ResolvedRefs",
  "Conflicted",
  "OverlappingTLSConfig",
  "PartiallyInvalid",
  "SupportedVersion",
];
const OWN_PREFIX = "edgress.dev/";

// The API server refuses a whole status that exceeds a limit.
const MAX_CONDITIONS = 8;
const MAX_MESSAGE_CHARACTERS = 32_000; // of 32,768, because a shortened text ends with its length

/** The generation that conditions are for, and the time of the write (RFC 3339 without milliseconds). */
export interface ConditionTime {
  readonly generation: number;
  readonly now: string;
}

/**
 * Merges conditions by type. Those of other controllers stay, and ours that no longer hold are removed. Those
 * of ours that are last are left out beyond the limit of the API. A time changes with the status of a condition only.
 */
export function mergeConditions(
  observed: readonly ObservedCondition[],
  conditions: readonly StatusCondition[],
  { generation, now }: ConditionTime,
): ObservedCondition[] {
  const wanted = new Map(conditions.map((condition) => [condition.type, condition]));
  const build = (condition: StatusCondition): ObservedCondition => {
    const { type, status, reason } = condition;
    const message = shortenText(condition.message, MAX_MESSAGE_CHARACTERS);
    const previous = observed.find((other) => other.type === type);
    const lastTransitionTime = previous?.status === status ? previous.lastTransitionTime : now;
    return { type, status, reason, message, observedGeneration: generation, lastTransitionTime };
  };
  const kept = observed.flatMap((condition) => {
    const own = wanted.get(condition.type);
    if (own) return [build(own)];
    return isOwnType(condition.type) ? [] : [condition];
  });
  const known = new Set(observed.map(({ type }) => type));
  const added = conditions.filter(({ type }) => !known.has(type)).map(build);
  return [...kept, ...added.slice(0, Math.max(0, MAX_CONDITIONS - kept.length))];
}

/** Whether one of our conditions is for a newer generation. Then the object was compiled again since. */
export function isForNewerGeneration(observed: readonly ObservedCondition[], generation: number): boolean {
  return observed.some(({ type, observedGeneration = 0 }) => isOwnType(type) && observedGeneration > generation);
}

function isOwnType(type: string): boolean {
  return OWN_TYPES.includes(type) || type.startsWith(OWN_PREFIX);
}
