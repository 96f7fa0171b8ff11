import { policies } from "./index.ts";
import { noOpAnnotations } from "./no-op-annotations.ts";
import { unsupportedAnnotations } from "./unsupported.ts";
import { unsupportedHostAnnotations } from "./unsupported-host-annotations.ts";

/** Every policy that annotations speak to. The last ones only the compiler acts on, so the edge is spared their tables. */
export const compiledPolicies = [
  ...policies,
  unsupportedHostAnnotations,
  unsupportedAnnotations,
  noOpAnnotations,
] as const;

export type CompiledPolicyName = (typeof compiledPolicies)[number]["name"];
