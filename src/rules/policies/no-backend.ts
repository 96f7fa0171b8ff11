import * as z from "zod/mini";
import { definePolicy } from "./policy.ts";

/** Set by the compiler alone: there is nothing to forward to (no Service, port or address), so the route answers 503. */
export const noBackend = definePolicy({
  name: "noBackend",
  scope: "route",
  settings: z.strictObject({ reason: z.string() }),
  annotations: {},
  fromAnnotations: () => undefined,
});
