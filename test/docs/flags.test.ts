import assert from "node:assert/strict";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { CLI, commands, folders, run, temporaryFolder } from "../support/docs/commands.ts";
import { fencesIn, REPOSITORY, readDocuments, readText } from "../support/docs/markdown.ts";

const NAME = "[a-z][a-z0-9-]*";
after(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true }))));

for (const name of new Set(commands.flatMap((one) => /^npx edgress (keys rotate|[a-z]+)/.exec(one)?.[1] ?? []))) {
  test(`the flags of \`edgress ${name}\` in the documentation exist`, async () => {
    const { stdout } = await run(process.execPath, [CLI, ...name.split(" "), "--help"]);
    const flags = commands
      .filter((command) => command.startsWith(`npx edgress ${name}`))
      .flatMap((command) => command.match(/--[a-z-]+/g) ?? []);
    assert.deepEqual(
      flags.filter((flag) => !new RegExp(`${flag}\\b(?!-)`).test(stdout)),
      [],
    );
  });
}

test("flags that documents name in code spans exist in the command line reference", () => {
  const reference = readText("docs/reference/cli.md");
  const documents = readDocuments().filter(({ path }) => path !== "CHANGELOG.md");
  const named = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/`(--[a-z-]+)(?:[= ][^`]*)?`/g)].map(([, flag = ""]) => ({ path, flag })),
  );
  assert.deepEqual(
    named.filter(
      ({ flag }) =>
        flag !== "--max-old-space-size" &&
        flag !== "--sbom" && // of Node.js and of Docker
        !reference.includes(`${flag} `) &&
        !reference.includes(`${flag}\n`),
    ),
    [],
  );
});

test("every wrangler command in the documentation exists in wrangler", async () => {
  for (const command of commands.filter((one) => one.startsWith("npx wrangler "))) {
    const words = command
      .split(" ")
      .slice(2)
      .filter((word) => /^[a-z]/.test(word));
    const wrangler = join(REPOSITORY, "node_modules/.bin/wrangler");
    const { stdout } = await run(process.execPath, [wrangler, ...words, "--help"]);
    assert.ok(stdout.includes(`wrangler ${words.join(" ")}`), command);
  }
});

test("kubectl commands for the controller's namespace name objects of deploy/base, or of the same page", () => {
  const base = ["access", "deployment", "ingress-class", "namespace", "network-policy"].map((name) =>
    readText(`deploy/base/${name}.yaml`),
  );
  const created = commands.flatMap(
    (one) => new RegExp(`create (?:role|rolebinding|configmap|secret generic) (${NAME})`).exec(one)?.[1] ?? [],
  );
  const unknown = commands.filter((command) => {
    const object = new RegExp(
      `^kubectl -n edgress .*?(?:deployment|lease|secret(?: generic)?|configmap|ingressclass)[ /](${NAME})`,
    ).exec(command)?.[1];
    if (object === undefined || created.includes(object)) return false;
    return !base.some((text) => new RegExp(`(?:name: |\\[)${object}\\b(?!-)`).test(text));
  });
  assert.deepEqual(unknown, []);
});

test("the overlay of docs/install-controller.md renders with kubectl kustomize", async () => {
  const install = { path: "docs/install-controller.md", text: readText("docs/install-controller.md") };
  const overlay = fencesIn(install).find(({ language, text }) => language === "yaml" && text.startsWith("resources:"));
  assert.ok(overlay);
  const parent = await temporaryFolder();
  await mkdir(join(parent, "our-edgress"));
  await cp(join(REPOSITORY, "deploy"), join(parent, "edgress/deploy"), { recursive: true });
  await writeFile(join(parent, "our-edgress/kustomization.yaml"), overlay.text);
  const { stdout } = await run("kubectl", ["kustomize", join(parent, "our-edgress")]);
  assert.match(stdout, /--publish-status-address=edge\.example\.com/);
  assert.match(stdout, /image: registry\.example\.com\/edgress:0\.1\.0/);
});

test("edgress.env in docs/install-controller.md names variables that the environment reference has", () => {
  const reference = readText("docs/reference/environment.md");
  const block = fencesIn({ path: "docs/install-controller.md", text: readText("docs/install-controller.md") }).find(
    ({ text }) => text.startsWith("CLOUDFLARE_ACCOUNT_ID="),
  );
  const names = block?.text.split("\n").map((line) => line.split("=")[0] ?? "") ?? [];
  assert.ok(names.length >= 5);
  assert.deepEqual(
    names.filter((name) => !reference.includes(`\`${name}\``)),
    [],
  );
});
