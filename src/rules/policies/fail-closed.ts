import * as z from "zod/mini";
import { defineInternalPolicy } from "./policy.ts";

export const FailClosedSettings = z.strictObject({ reason: z.string() });

/** Set by the compiler only: the route answers 503, because its guard is unreadable or unsupported. */
export const failClosed = /* @__PURE__ */ defineInternalPolicy({
  name: "failClosed",
  doc: "Answers 503 because a guard is unreadable or unsupported.",
  settings: FailClosedSettings,
});

/** The settings of a route or host that answers 503. */
export function closeWith(reason: string): { failClosed: { reason: string } } {
  return { failClosed: { reason } };
}

export function isClosed(settings: { readonly failClosed?: unknown }): boolean {
  return settings.failClosed !== undefined;
}
