import { type PolicyName, type PolicySettings, policyNames } from "../../../src/rules/policies/index.ts";
import { toCanonicalJson } from "../canonical-json.ts";
import { findSettingsKey } from "./settings-key.ts";

/** A value of a host or route, before and after. A side is undefined if it is not set. */
export interface FieldChange {
  readonly field: string; // "backend", "addresses of shop/cart:80", "cors.origins"
  readonly before?: string;
  readonly after?: string;
}

/** Published secrets are ciphertext, and compiled ones are tokens. Neither is for people. */
const SECRET = /"sealed:[^"]*"/g;

/** Returns the policies that differ, in the order of the filters. A policy on both sides is compared by its settings. */
export function diffPolicies(before: PolicySettings = {}, after: PolicySettings = {}): FieldChange[] {
  if (findSettingsKey(before) === findSettingsKey(after)) return [];
  const changes = policyNames.flatMap((name) => diffPolicy(name, before[name], after[name]));
  if (changes.length > 0) return changes;
  // Only a secret can differ: its ciphertext is random, so that it does not show which one.
  return policyNames
    .filter((name) => toCanonicalJson(after[name]).search(SECRET) !== -1)
    .map((name) => ({ field: name, before: "another secret", after: "a changed secret" }));
}

/** Builds a change, without the side that is not set. */
export function buildFieldChange(field: string, before: string | undefined, after: string | undefined): FieldChange {
  return { field, ...(before !== undefined && { before }), ...(after !== undefined && { after }) };
}

function diffPolicy(name: PolicyName, before: object | undefined, after: object | undefined): FieldChange[] {
  if (!before || !after) return diffTexts(name, before, after);
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].toSorted();
  const [previous, current] = [new Map(Object.entries(before)), new Map(Object.entries(after))];
  return keys.flatMap((key) => diffTexts(`${name}.${key}`, previous.get(key), current.get(key)));
}

function diffTexts(field: string, before: unknown, after: unknown): FieldChange[] {
  const [previous, current] = [before, after].map((value) => (value === undefined ? undefined : formatValue(value)));
  return previous === current ? [] : [buildFieldChange(field, previous, current)];
}

function formatValue(value: unknown): string {
  return toCanonicalJson(value).replace(SECRET, '"(secret)"');
}
