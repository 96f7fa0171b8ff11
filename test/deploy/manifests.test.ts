import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAllDocuments } from "yaml";
import * as z from "zod";
import { type KubernetesManifest, renderKustomization } from "../support/deploy/kustomize.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const Deployment = z.looseObject({
  kind: z.literal("Deployment"),
  spec: z.looseObject({
    template: z.looseObject({
      spec: z.looseObject({ containers: z.tuple([z.looseObject({ image: z.string() })]) }),
    }),
  }),
});

test("npm run manifests writes one file with the objects of deploy/base and the image of the version", async () => {
  const folder = await mkdtemp(join(tmpdir(), "edgress-manifests-"));
  try {
    execFileSync(process.execPath, ["tools/release-manifests.ts", folder], {
      cwd: REPOSITORY,
      env: { ...process.env, EDGRESS_IMAGE: "registry.example.com/edgress" },
    });
    assert.deepEqual(await readdir(folder), ["edgress-0.1.0.yaml"]);
    const text = await readFile(join(folder, "edgress-0.1.0.yaml"), "utf8");
    const objects = parseAllDocuments(text).map((document) => document.toJS() as KubernetesManifest);
    const deployment = Deployment.parse(objects.find(({ kind }) => kind === "Deployment"));
    const [container] = deployment.spec.template.spec.containers;
    assert.equal(container.image, "registry.example.com/edgress:0.1.0");
    container.image = "edgress"; // as in deploy/base: every other field is the same
    const others = objects.filter(({ kind }) => kind !== "Deployment");
    const base = await renderKustomization("deploy/base");
    assert.deepEqual(byName([...others, deployment as unknown as KubernetesManifest]), byName(base));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function byName(objects: readonly KubernetesManifest[]): KubernetesManifest[] {
  return objects.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ kind, metadata }: KubernetesManifest): string {
  return `${kind} ${metadata.name}`;
}
