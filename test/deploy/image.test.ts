import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

describe("the image", () => {
  test("runs the sync job on the Node that it is tested on, as the user that the Deployment names", async () => {
    const lines = (await readFile(join(REPOSITORY, "deploy/Containerfile"), "utf8")).split("\n");
    assert.equal(
      lines.find((line) => line.startsWith("FROM node:")),
      `FROM node:${packageJson.devDependencies.node}-slim AS base`,
    );
    assert.deepEqual(lines.slice(-5), [
      "USER 65532:65532",
      "EXPOSE 10254",
      'ENTRYPOINT ["node", "sync/cli.ts"]',
      'CMD ["sync"]',
      "",
    ]);
  });

  test("holds every package that the sync job imports: none is for development alone", async () => {
    const files = await listSources();
    const imported = files.flatMap((file) => [
      ...file.matchAll(/^(?:import|export)(?! type) [^;]*?from "([^".][^"]*)"/gm),
    ]);
    const names = new Set(imported.map(([, name = ""]) => name.replace(/^(@[^/]+\/[^/]+|[^/]+).*$/, "$1")));
    const unknown = [...names].filter(
      (name) => !/^(node|cloudflare):/.test(name) && !(name in packageJson.dependencies),
    );
    assert.ok(names.has("@kubernetes/client-node"));
    assert.deepEqual(unknown, []);
  });
});

/** All that the image holds, except the local Cloudflare and the `dev` command. */
async function listSources(): Promise<string[]> {
  const folders = await Promise.all(
    ["src", "sync"].map((folder) => readdir(join(REPOSITORY, folder), { recursive: true, withFileTypes: true })),
  );
  const paths = folders.flat().map((entry) => join(entry.parentPath, entry.name));
  const run = paths.filter((path) => path.endsWith(".ts") && !/sync\/(local\/|commands\/dev\.ts$)/.test(path));
  return Promise.all(run.map((path) => readFile(path, "utf8")));
}
