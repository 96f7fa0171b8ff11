import * as z from "zod/mini";
import { text } from "./annotation-types.ts";
import { definePolicy, type PolicyContext } from "./policy.ts";

/** Shared with custom-http-errors, whose pages it gives. */
export const defaultBackendAnnotation = {
  "default-backend": text(
    {
      doc: "The Service, on its first port, that is asked where the path's own has no address, and for the pages of `custom-http-errors`.",
      example: "error-pages",
      guards: true,
    },
    /^([a-z]([-a-z0-9]{0,61}[a-z0-9])?)?$/,
    "the name of a Service of the same namespace",
  ),
};

export const DefaultBackendSettings = z.strictObject({ backend: z.string(), service: z.string(), port: z.string() });

/** Set where a path's own Service has no address: who is asked in its place, and what it is told. */
export const defaultBackend = /* @__PURE__ */ definePolicy({
  name: "defaultBackend",
  doc: "Forwards to the default backend if the Service has no address.",
  scope: "route",
  protects: false,
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

/** The id of the default backend. As in ingress-nginx the annotation counts for nothing where its Service can't be asked. */
export function resolveDefaultBackend(name: string | undefined, context: PolicyContext): string | undefined {
  if (!name) return undefined;
  const backend = context.resolveBackend(name);
  if (backend.ok) return backend.value;
  return context.warn("default-backend", backend.problem, "correct it; until then it counts as absent");
}

/** Whether a route forwards to a default backend in place of its own. */
export function usesDefaultBackend(settings: { readonly defaultBackend?: unknown }): boolean {
  return settings.defaultBackend !== undefined;
}
