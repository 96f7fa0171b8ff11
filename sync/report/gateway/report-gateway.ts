import type { CachedObject } from "../../collect/object-cache.ts";
import type { WriteResult, WriterOptions } from "../parallel-writer.ts";
import { planFinalizerWrites } from "./class-finalizers.ts";
import { type CompiledGatewayStatuses, planGatewayStatusWrites } from "./plan-status-writes.ts";
import { reportFinalizers, reportGatewayStatuses } from "./report-gateway-statuses.ts";

/** The compiled statuses, and the observed Gateway API objects that get them. */
export interface GatewayReport extends CompiledGatewayStatuses {
  readonly objects: readonly CachedObject[];
}

/** Writes the statuses of Gateway API objects that differ, and the finalizers of GatewayClasses. It never rejects. */
export async function reportGateway(
  { objects, ...compiled }: GatewayReport,
  now: Date,
  options: WriterOptions,
): Promise<{ readonly failures: number; readonly hasRemaining: boolean }> {
  const statusWrites = planGatewayStatusWrites(objects, compiled, now);
  const ownClasses = new Set(compiled.statuses.gatewayClasses.map(({ name }) => name));
  const usedClasses = new Set(
    objects.flatMap(({ parsedObject }) => (parsedObject.kind === "Gateway" ? [parsedObject.object.className] : [])),
  );
  const finalizerWrites = planFinalizerWrites(objects, ownClasses, usedClasses);
  const results: readonly WriteResult<unknown>[] = [
    await reportFinalizers(finalizerWrites, options), // first, because only the write of a status is repeated
    await reportGatewayStatuses(statusWrites, options),
  ];
  return {
    failures: results.reduce((sum, { failedItems }) => sum + failedItems.length, 0),
    hasRemaining: results.some(({ failedItems, remainingItems }) => failedItems.length + remainingItems.length > 0),
  };
}
