import { policies } from "./index.ts";
import { inert } from "./inert.ts";
import { unsupported } from "./unsupported.ts";
import { unsupportedHost } from "./unsupported-host.ts";

/** Every policy that annotations speak to. The last ones only the compiler acts on, so the edge is spared their tables. */
export const allPolicies = [...policies, unsupportedHost, unsupported, inert] as const;

export type AnyPolicyName = (typeof allPolicies)[number]["name"];
