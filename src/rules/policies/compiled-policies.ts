import type * as z from "zod/mini";
import { acceptDegraded } from "./accept-degraded.ts";
import { policies } from "./index.ts";
import { noOpAnnotations } from "./no-op-annotations.ts";
import type { Annotations, Policy, PolicyContext, RegexPaths } from "./policy.ts";
import { unsupportedAnnotations } from "./unsupported.ts";
import { unsupportedHostAnnotations } from "./unsupported-host-annotations.ts";

const policyTable = [
  ...policies,
  // Read by the compiler only, so the Worker does not contain them.
  unsupportedHostAnnotations,
  acceptDegraded,
  unsupportedAnnotations,
  noOpAnnotations,
] as const;

export type CompiledPolicyName = (typeof policyTable)[number]["name"];

type Values = Readonly<Record<string, unknown>>;

/** A policy without the types of its own annotations and settings. Loops over all policies use it. */
export interface CompiledPolicy
  extends Omit<Policy<string, z.ZodMiniType, Annotations>, "name" | "fromAnnotations" | "regexPaths"> {
  readonly name: CompiledPolicyName;
  readonly regexPaths: RegexPaths<Values, unknown, string> | "never";
  readonly fromAnnotations: (values: Values, context: PolicyContext) => unknown;
}

/** Every policy that has annotations. */
// The cast: each policy gets the values of its own annotations and its own settings, which a list cannot express.
export const compiledPolicies = policyTable as unknown as readonly CompiledPolicy[];
