import * as z from "zod/mini";
import { definePolicy } from "./policy.ts";

export const NoBackendSettings = z.strictObject({ reason: z.string() });

/** Set by the compiler only: the route answers 503, because its Service, port or address does not exist. */
export const noBackend = /* @__PURE__ */ definePolicy({
  name: "noBackend",
  doc: "Answers 503 because the backend has no address.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: NoBackendSettings,
  annotations: {},
  fromAnnotations: () => undefined,
});

/** The settings of a route whose backend has no address. */
export function withoutBackend(reason: string): { noBackend: { reason: string } } {
  return { noBackend: { reason } };
}

export function lacksBackend(settings: { readonly noBackend?: unknown }): boolean {
  return settings.noBackend !== undefined;
}
