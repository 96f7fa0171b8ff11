import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { EXAMPLES } from "../support/cli/edge-cli.ts";
import { COMMAND_CLASSES } from "../support/docs/command-classes.ts";
import { CLI, commands, folders, run, temporaryFolder, written } from "../support/docs/commands.ts";
import { fencesIn, readDocuments, readText } from "../support/docs/markdown.ts";

/** Commands that this file runs itself, with the manifests of an example in place of the reader's. */
const RUN_HERE = [/^npx edgress (explain|lint)( .*)?$/, /^npx wrangler .*$/];
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

test("every fenced block with commands is marked as sh", () => {
  const others = readDocuments().flatMap((document) =>
    fencesIn(document)
      .filter(({ language }) => !["sh", "text", "yaml", "ts", "js"].includes(language))
      .map(({ line }) => `${document.path}:${line}`),
  );
  assert.deepEqual(others, []);
});

test("every command in the documentation is run by a test or belongs to a class that a test runs", () => {
  const unlisted = written.filter(
    ({ command }) => !isRunHere(command) && !COMMAND_CLASSES.some(({ pattern }) => pattern.test(command)),
  );
  assert.deepEqual(unlisted, []);
});

for (const { pattern, test: file, proof } of COMMAND_CLASSES) {
  test(`the class ${pattern.source.slice(0, 60)} has a command in the documentation, and ${file} runs it`, () => {
    assert.ok(commands.some((command) => pattern.test(command)));
    assert.match(readText(file), proof);
  });
}

test("every command in the documentation is valid shell", async () => {
  for (const command of commands) await run("sh", ["-n", "-c", command]);
});

test("npm scripts in the documentation exist in package.json", () => {
  const { scripts } = JSON.parse(readText("package.json")) as { scripts: Record<string, string> };
  const mentioned = readDocuments().flatMap(({ text }) =>
    [...text.matchAll(/`npm (?:run )?([a-z:]+)`/g)].map(([, name = ""]) => name),
  );
  const missing = mentioned.filter((name) => !["install", "publish", "audit"].includes(name) && !(name in scripts));
  assert.deepEqual(missing, []);
});

for (const command of commands.filter((one) => /^npx edgress (explain|lint)\b/.test(one))) {
  test(`the command \`${command}\` runs as printed`, async () => {
    const [, , ...args] = command.split(" ");
    const { stdout } = await run(process.execPath, [CLI, ...args], { cwd: await folderWithManifests() });
    assert.notEqual(stdout, "");
  });
}

function isRunHere(command: string): boolean {
  return RUN_HERE.some((pattern) => pattern.test(command));
}

/** A folder with `manifests/` and `examples/`, as a reader has. */
async function folderWithManifests(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(EXAMPLES, join(folder, "examples"), { recursive: true });
  await cp(join(EXAMPLES, "fanout"), join(folder, "manifests"), { recursive: true });
  return folder;
}
