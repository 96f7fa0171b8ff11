import {
  type CompiledPolicy,
  type CompiledPolicyName,
  compiledPolicies,
} from "../../../src/rules/policies/compiled-policies.ts";
import type { PolicySettings } from "../../../src/rules/policies/index.ts";
import type { RegexPaths } from "../../../src/rules/policies/policy.ts";
import type { ParsedAnnotations } from "../model.ts";

type RegexPolicy = CompiledPolicy & {
  readonly regexPaths: RegexPaths<Readonly<Record<string, unknown>>, unknown, string>;
};

const regexPolicies = compiledPolicies.filter((policy): policy is RegexPolicy => policy.regexPaths !== "never");

/** Whether the annotations of an Ingress may turn its paths into regexes. Used before settings exist. */
export function mayHaveRegexPaths({ values, isLegacy }: ParsedAnnotations): boolean {
  return regexPolicies.some(({ name, regexPaths }) => regexPaths.mayBeRegex(values[name], isLegacy));
}

/** Whether a policy turns the path of a route into a regex. */
export function isRegexPath(
  { values }: ParsedAnnotations,
  settings: PolicySettings,
  excludedPolicies: readonly CompiledPolicyName[] = [],
): boolean {
  return regexPolicies.some(
    ({ name, regexPaths }) =>
      !excludedPolicies.includes(name) && regexPaths.isRegex(values[name], readSettings(settings, name)),
  );
}

/** Whether a path stays a prefix although its host has regexes, because the rest of the URL path is kept. */
export function keepsPrefix(settings: PolicySettings): boolean {
  return regexPolicies.some(({ name, regexPaths }) => regexPaths.keepsPrefix(readSettings(settings, name)));
}

/** Returns the annotation that turns the path of a route into a regex. */
export function findRegexAnnotation({ values }: ParsedAnnotations, settings: PolicySettings): string {
  const policy = regexPolicies.find(({ name, regexPaths }) =>
    regexPaths.isRegex(values[name], readSettings(settings, name)),
  );
  return policy?.regexPaths.findAnnotation(readSettings(settings, policy.name)) ?? "";
}

function readSettings(settings: PolicySettings, name: CompiledPolicyName): unknown {
  return (settings as Readonly<Partial<Record<CompiledPolicyName, unknown>>>)[name];
}
