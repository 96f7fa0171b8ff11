import assert from "node:assert/strict";
import type { KubernetesManifest } from "./kustomize.ts";
export function find(objects: readonly KubernetesManifest[], kind: string, name?: string): KubernetesManifest {
  const [found, ...more] = objects.filter((one) => one.kind === kind && (!name || one.metadata.name === name));
  assert.ok(found && more.length === 0, `${kind} ${name}`);
  return found;
}
