import * as z from "zod/mini";
import { definePolicy } from "./policy.ts";

/** Set by the compiler alone: the route answers 503, since what protects it could not be read or cannot be had. */
export const failClosed = definePolicy({
  name: "failClosed",
  scope: "route",
  settings: z.strictObject({ reason: z.string() }),
  annotations: {},
  fromAnnotations: () => undefined,
});
