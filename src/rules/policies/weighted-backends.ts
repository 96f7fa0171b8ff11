import * as z from "zod/mini";
import { defineInternalPolicy } from "./policy.ts";
import { RouteFilter } from "./route-filters.ts";

/** A backend, or the status that a reference without one answers for its share of the requests. */
const BackendChoice = z.strictObject({
  weight: z.int(),
  backend: z.optional(z.string()), // a key of its host's backends
  filters: z.optional(z.array(RouteFilter)), // for the requests to this backend only
  status: z.optional(z.union([z.literal(500), z.literal(503)])), // without a backend; 500 if undefined
  reason: z.optional(z.string()),
});

export const WeightedBackendsSettings = z.strictObject({
  choices: z.array(BackendChoice),
  // Keeps a client at its first backend and address.
  session: z.optional(
    z.strictObject({
      type: z.enum(["cookie", "header"]),
      name: z.string(),
      rule: z.optional(z.string()), // an id, because other rules of the host may use the same name
      maxAgeS: z.optional(z.int()), // of the cookie; until the browser closes if undefined
      absoluteS: z.optional(z.int()), // the session ends after this time
      idleS: z.optional(z.int()), // the session ends this time after its last request
    }),
  ),
});
export type WeightedBackendsSettings = z.infer<typeof WeightedBackendsSettings>;

/** Set by the compiler only: the backends of an HTTPRoute's rule. One is drawn for each request, by weight. */
export const weightedBackends = /* @__PURE__ */ defineInternalPolicy({
  name: "weightedBackends",
  doc: "Draws a backend of an HTTPRoute's rule by weight, and keeps sessions.",
  settings: WeightedBackendsSettings,
});

/** The settings of a rule that draws a backend for each request. */
export function drawFrom(
  choices: WeightedBackendsSettings["choices"],
  session: WeightedBackendsSettings["session"],
): { weightedBackends: WeightedBackendsSettings } {
  return { weightedBackends: { choices, ...(session && { session }) } };
}
