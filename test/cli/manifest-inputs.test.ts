import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { runEdgress } from "../support/cli/edge-cli.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";

let folder: string;
let file: string;
const manifests = [
  buildIngressManifest("shop", "shop.example.com", { "/cart": "web" }),
  buildServiceManifest("web", ["203.0.113.10"]),
]
  .map((manifest) => JSON.stringify(manifest))
  .join("\n---\n");

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-manifests-"));
  file = join(folder, "shop.txt"); // any name, because it is named on the command line
  await writeFile(file, manifests);
});

after(() => rm(folder, { recursive: true }));

const explainArgs = ["explain", "http://shop.example.com/cart/1"];

test("edgress explain reads a file of any name, and names it as the source", async () => {
  for (const option of ["--manifests", "-f"]) {
    const { code, stdout, stderr } = await runEdgress([...explainArgs, option, file]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^route +default\/shop#0\.0, prefix \/cart, from shop\.txt:1$/m);
  }
});

test("edgress explain reads standard input", async () => {
  const { code, stdout } = await runEdgress([...explainArgs, "-f", "-"], {}, manifests);
  assert.equal(code, 0);
  assert.match(stdout, /^route +default\/shop#0\.0, prefix \/cart, from stdin:1$/m);
});

test("A command reports standard input that does not parse with its line", async () => {
  const { stdout } = await runEdgress([...explainArgs, "-f", "-"], {}, "a: 1\nb: [\n");
  assert.match(stdout, /^error stdin:\d+: .+\. Correct the file/m);
});
