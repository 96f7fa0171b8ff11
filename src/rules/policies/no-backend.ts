import * as z from "zod/mini";
import { defineInternalPolicy } from "./policy.ts";

export const NoBackendSettings = z.strictObject({ reason: z.string() });

/** Set by the compiler only: the route answers 503, because its Service, port or address does not exist. */
export const noBackend = /* @__PURE__ */ defineInternalPolicy({
  name: "noBackend",
  doc: "Answers 503 because the backend has no address.",
  settings: NoBackendSettings,
});

/** The settings of a route whose backend has no address. */
export function withoutBackend(reason: string): { noBackend: { reason: string } } {
  return { noBackend: { reason } };
}

export function lacksBackend(settings: { readonly noBackend?: unknown }): boolean {
  return settings.noBackend !== undefined;
}
