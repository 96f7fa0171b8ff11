import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { listen } from "../../sync/net/listen.ts";
import { readVariables } from "../../sync/setup/keys/variable-file.ts";
import { commandsIn } from "../support/docs/commands.ts";
import { fencesIn, readText } from "../support/docs/markdown.ts";
import { type SetupWorld, startSetupWorld } from "../support/setup/setup-world.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";

const GUIDE = { path: "docs/install.md", text: readText("docs/install.md") };
const FENCES = fencesIn(GUIDE);
const EDGE_URL = "https://shop.example.com";
const VARIABLES_FILE = ".edgress/production/edgress.env";

let world: SetupWorld;
let closeOrigin: () => Promise<void>;

before(async () => {
  world = await startSetupWorld();
  const origin = await listen(
    createServer((_, response) => response.end("shop")),
    0,
  );
  closeOrigin = origin.close;
  world.cloudflare.forward("203.0.113.10:80", `127.0.0.1:${origin.port}`);
  await mkdir(join(world.folder, "manifests"));
  const manifest = FENCES.find(({ language }) => language === "yaml");
  await writeFile(join(world.folder, "manifests/shop.yaml"), manifest?.text ?? "");
});

after(async () => {
  await closeOrigin();
  await world.close();
});

/** Runs the command of the guide, on the local edge. Returns its exit code, its lines, and the lines in the guide. */
async function runStep(pattern: RegExp) {
  const index = FENCES.findIndex(({ language, text }) => language === "sh" && pattern.test(text));
  const command = commandsIn(FENCES[index]?.text ?? "").findLast((line) => pattern.test(line)) ?? "";
  const [, , ...words] = command.split(" ");
  const args = words.map((word) => (word === EDGE_URL ? world.cloudflare.http.origin : word));
  const { code, stdout, stderr } = await world.run(args, await readVariables(join(world.folder, VARIABLES_FILE)));
  const documented = FENCES[index + 1]?.text.trimEnd().split("\n");
  return { code, stderr, lines: normalize(stdout).trimEnd().split("\n"), documented };
}

/** Replaces the parts that differ from run to run. */
function normalize(text: string): string {
  return text
    .replaceAll(world.cloudflare.http.origin, EDGE_URL)
    .replace(/\d+\.\d+\.\d+\+[0-9a-f]{12}/g, "0.1.0+4b1d3f5a7c9e")
    .replace(/digest=\S+/g, "digest=…");
}

test("The set-up of the install guide prints the documented lines", async () => {
  const { code, stderr, lines, documented } = await runStep(/edgress init/);
  assert.equal(code, 0, stderr);
  assert.deepEqual(lines, documented);
});

test("The publication of the install guide prints the documented lines, and the host is live", async () => {
  const { code, stderr, lines, documented } = await runStep(/edgress publish/);
  assert.equal(code, 0, stderr);
  assert.deepEqual(lines, documented);
  const { account } = world.cloudflare;
  assert.ok(
    account.records("example.com").some(({ name, content }) => name === "shop.example.com" && content === "100::"),
  );
  const request = () => sendRequest({ stack: world.cloudflare }, "http://shop.example.com/");
  await waitFor(async () => (await request()).status === 200);
  assert.equal((await request()).body, "shop");
});

test("The checks of the install guide print the documented lines", async () => {
  const { code, stderr, lines, documented } = await runStep(/edgress check/);
  assert.equal(code, 0, stderr);
  assert.deepEqual(lines, documented);
});

test("The removal of the install guide prints the documented lines, and the account is empty", async () => {
  const { code, stderr, lines, documented } = await runStep(/edgress uninstall --yes/);
  assert.equal(code, 0, stderr);
  assert.deepEqual(lines, documented);
  assert.deepEqual(world.cloudflare.account.records("example.com"), []);
  assert.deepEqual(world.cloudflare.account.scripts.list(), []);
  await assert.rejects(readFile(join(world.folder, VARIABLES_FILE)));
});
