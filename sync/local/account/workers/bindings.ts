import { type ErrorReply, isErrorReply } from "../api-types.ts";
import { workersErrors } from "./api-errors.ts";
import type { LocalScript, ScriptBinding } from "./script-model.ts";

/** The parts of the account that bindings may name. */
export interface BindingTargets {
  readonly hasKvNamespace: (id: string) => boolean;
}

/**
 * Returns the bindings of a new version: those of the upload, with inherited ones resolved, and the existing ones whose type
 * is kept.
 */
export function resolveBindings(
  uploadedBindings: readonly ScriptBinding[],
  keptTypes: readonly string[],
  existingBindings: readonly ScriptBinding[],
): ScriptBinding[] | ErrorReply {
  const resolvedBindings = uploadedBindings.map((binding) => resolveInherited(binding, existingBindings));
  const failure = resolvedBindings.find(isErrorReply);
  if (failure) return failure;
  const uploadedNames = new Set(uploadedBindings.map(({ name }) => name));
  const keptBindings = existingBindings.filter(
    ({ name, type }) => keptTypes.includes(type) && !uploadedNames.has(name),
  );
  return [...(resolvedBindings as ScriptBinding[]), ...keptBindings];
}

function resolveInherited(
  binding: ScriptBinding,
  existingBindings: readonly ScriptBinding[],
): ScriptBinding | ErrorReply {
  if (binding.type !== "inherit") return binding;
  const sourceName = typeof binding.old_name === "string" ? binding.old_name : binding.name;
  const source = existingBindings.find(({ name }) => name === sourceName);
  return source ? { ...source, name: binding.name } : workersErrors.inheritInvalid(binding.name);
}

/** Returns the first binding whose target does not exist. */
export function findBindingProblem(
  bindings: readonly ScriptBinding[],
  script: Pick<LocalScript, "name" | "durableObjectClasses">,
  targets: BindingTargets,
): ErrorReply | undefined {
  for (const binding of bindings) {
    const problem =
      binding.type === "kv_namespace"
        ? findNamespaceProblem(String(binding.namespace_id), targets)
        : findClassProblem(binding, script);
    if (problem) return problem;
  }
  return undefined;
}

function findNamespaceProblem(id: string, { hasKvNamespace }: BindingTargets): ErrorReply | undefined {
  if (!/^[0-9a-f]{32}$/.test(id)) return workersErrors.namespaceInvalid(id);
  return hasKvNamespace(id) ? undefined : workersErrors.namespaceNotFound(id);
}

function findClassProblem(
  { type, script_name, class_name }: ScriptBinding,
  { name: scriptName, durableObjectClasses }: Pick<LocalScript, "name" | "durableObjectClasses">,
): ErrorReply | undefined {
  if (type !== "durable_object_namespace" || (script_name ?? scriptName) !== scriptName) return undefined;
  const isKnown = durableObjectClasses.some(({ name }) => name === class_name);
  return isKnown ? undefined : workersErrors.classUnknown(String(class_name));
}

/** Removes the value of secrets, which no answer contains. */
export function hideSecrets(bindings: readonly ScriptBinding[]): ScriptBinding[] {
  return bindings.map((binding) =>
    binding.type === "secret_text" ? { name: binding.name, type: binding.type } : { ...binding },
  );
}

/** Returns the bindings with a secret set, or removed if `text` is undefined. */
export function withSecret(
  bindings: readonly ScriptBinding[],
  name: string,
  text: string | undefined,
): readonly ScriptBinding[] {
  const others = bindings.filter((binding) => binding.name !== name);
  return text === undefined ? others : [...others, { name, type: "secret_text", text }];
}

/** Returns the names of the secrets whose values differ. */
export function findChangedSecrets(left: readonly ScriptBinding[], right: readonly ScriptBinding[]): string[] {
  const leftSecrets = readSecrets(left);
  const rightSecrets = readSecrets(right);
  const names = new Set([...leftSecrets.keys(), ...rightSecrets.keys()]);
  return [...names].filter((name) => leftSecrets.get(name) !== rightSecrets.get(name));
}

function readSecrets(bindings: readonly ScriptBinding[]): Map<string, unknown> {
  return new Map(bindings.filter(({ type }) => type === "secret_text").map(({ name, text }) => [name, text]));
}
