import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import packageJson from "../package.json" with { type: "json" };

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const { EDGRESS_IMAGE: image = "edgress" } = process.env;
const { version } = packageJson;

/** Writes deploy/base as one file, with the image of this version: edgress-<version>.yaml in dist/, or in a folder. */
const folder = resolve(process.argv[2] ?? join(REPOSITORY, "dist"));
await mkdir(folder, { recursive: true });
// kustomize reads bases by a relative path only.
const overlay = await mkdtemp(join(folder, "overlay-"));
try {
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    resources: [relative(overlay, join(REPOSITORY, "deploy/base"))],
    images: [{ name: "edgress", newName: image, newTag: version }],
  };
  await writeFile(join(overlay, "kustomization.yaml"), JSON.stringify(kustomization));
  const rendered = execFileSync("kubectl", ["kustomize", overlay], { encoding: "utf8" });
  const file = join(folder, `edgress-${version}.yaml`);
  await writeFile(
    file,
    `# edgress ${version}. Create the Secret edgress/edgress first: see docs/install-controller.md.\n${rendered}`,
  );
  console.log(relative(REPOSITORY, file));
} finally {
  await rm(overlay, { recursive: true, force: true });
}
