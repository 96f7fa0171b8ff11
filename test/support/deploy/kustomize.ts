import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import * as z from "zod";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
/** The failure of a test that needs kubectl, if it is missing. */
export const NO_KUBECTL = "kubectl not found. Install it: apt-get install kubernetes-client";

/** A Kubernetes object, of any kind. */
export const KubernetesManifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.optional(z.string()) }),
});
export type KubernetesManifest = z.infer<typeof KubernetesManifest>;

/** What `kubectl kustomize` makes of a folder of the repository; rejects with one line where there is no kubectl. */
export async function renderKustomization(folder: string): Promise<KubernetesManifest[]> {
  const child = spawn("kubectl", ["kustomize", folder], { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
  const exit = once(child, "close").catch(() => Promise.reject(new Error(NO_KUBECTL)));
  const [[code], stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  if (code !== 0) throw new Error(`kubectl kustomize ${folder}: ${stderr.trim()}`);
  const documents = parseAllDocuments(stdout);
  return (Array.isArray(documents) ? documents : []).map((document) => KubernetesManifest.parse(document.toJS()));
}

/** Returns the only object of a kind and name. */
export function findManifest(objects: readonly KubernetesManifest[], kind: string, name: string): KubernetesManifest {
  const matches = objects.filter((object) => object.kind === kind && object.metadata.name === name);
  assert.equal(matches.length, 1, `${kind} ${name}`);
  return matches[0] as KubernetesManifest; // one, as was just seen
}
