import * as z from "zod/mini";
import { text } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

/** Shared with the custom-errors policy. */
export const defaultBackendAnnotation = {
  "default-backend": text(
    {
      doc: "Service that answers if the path's own Service has no address, and serves the pages of `custom-http-errors`.",
      example: "error-pages",
      default: "none",
      guards: true,
    },
    /^([a-z]([-a-z0-9]{0,61}[a-z0-9])?)?$/,
    "a Service name of the same namespace",
  ),
};

export const DefaultBackendSettings = z.strictObject({ backend: z.string(), service: z.string(), port: z.string() });

/** Forwards to the default backend if the path's own Service has no address. */
export const defaultBackend = /* @__PURE__ */ definePolicy({
  name: "defaultBackend",
  doc: "Forwards to the default backend if the Service has no address.",
  scope: "route",
  protects: false,
  restricts: false,
  appliesToCatchAll: true,
  allowedAsClassDefault: true,
  surprisesWhenInherited: true,
  pathLimited: { effect: "applies" },
  regexPaths: "never",
  furtherHosts: "none",
  settings: DefaultBackendSettings,
  annotations: defaultBackendAnnotation,
  fromAnnotations(values, context) {
    const { service, port } = context;
    const backend = resolveDefaultBackend(values["default-backend"], context);
    if (backend === undefined || service === "" || context.resolveBackend(service, port).ok) return undefined;
    return { backend, service, port };
  },
});

/** Returns the id of the default backend. Ignores a Service without address, as ingress-nginx does. */
export function resolveDefaultBackend(name: string | undefined, context: PolicyContext): string | undefined {
  if (!name) return undefined;
  const backend = context.resolveBackend(name);
  if (backend.ok) return backend.value;
  return context.warn(
    "default-backend",
    backend.problem,
    `${backend.remedy ?? "correct the name"}; until then the annotation is ignored`,
  );
}

/** Whether a route forwards to its default backend. */
export function usesDefaultBackend(settings: { readonly defaultBackend?: unknown }): boolean {
  return settings.defaultBackend !== undefined;
}
