import { compiledPolicies } from "./compiled-policies.ts";

/** Names of the policies that protect or restrict a path, and of the one that closes it while its guard is unreadable. */
export const guardPolicyNames: ReadonlySet<string> = new Set([
  ...compiledPolicies.filter(({ protects, restricts }) => protects || restricts).map(({ name }) => name),
  "failClosed",
]);
