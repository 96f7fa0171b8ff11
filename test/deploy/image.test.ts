import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const readLines = async () => (await readFile(join(REPOSITORY, "deploy/Containerfile"), "utf8")).split("\n");

describe("the image", () => {
  test("the image runs on the Node of the tests, pinned by digest, and a release can set a newer digest", async () => {
    const [argument = "", ...stages] = (await readLines()).filter((line) => /^(ARG|FROM) /.test(line));
    const [tag, digest = ""] = argument.split("@");
    assert.equal(tag, `ARG NODE_IMAGE=node:${packageJson.devDependencies.node}-slim`);
    assert.match(digest, /^sha256:[0-9a-f]{64}$/);
    assert.deepEqual(stages, [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the builder's own syntax.
      "FROM ${NODE_IMAGE} AS build",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the builder's own syntax.
      "FROM ${NODE_IMAGE}",
    ]);
  });

  test("the image has the package's dist and no node_modules, and runs as the user of the Deployment", async () => {
    const lines = await readLines();
    assert.deepEqual(lines.slice(lines.lastIndexOf("WORKDIR /edgress") + 1), [
      "COPY LICENSE package.json ./",
      "COPY --from=build /edgress/dist dist",
      "# A number, because a cluster can check that it is not root.",
      "USER 65532:65532",
      "EXPOSE 10254",
      'ENTRYPOINT ["node", "dist/cli.js"]',
      'CMD ["sync"]',
      "",
    ]);
  });

  test("the build stage copies every folder that the build reads", async () => {
    const copied = (await readLines()).flatMap((line) => /^COPY (?!--from)(.+) \S+$/.exec(line)?.[1]?.split(" ") ?? []);
    assert.deepEqual(copied, [
      "package.json",
      "package-lock.json",
      "tools",
      "tsconfig.json",
      "src",
      "sync",
      "LICENSE",
      "package.json",
    ]);
  });
});
