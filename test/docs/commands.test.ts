import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { EXAMPLES } from "../support/edge-cli.ts";
import { fencesIn, REPOSITORY, readDocuments, readText } from "../support/markdown.ts";

const CLI = join(REPOSITORY, "sync/cli.ts");
const run = promisify(execFile);

/** Commands of one kind, and the test that runs that kind of command. */
interface CommandClass {
  readonly pattern: RegExp; // of the whole command
  readonly test: string; // a file, from the root
  readonly proof: RegExp; // what that file contains
}

const NAME = "[a-z][a-z0-9-]*";
const CLASSES: readonly CommandClass[] = [
  { pattern: /^npm install edgress$/, test: "test/cli/package.test.ts", proof: /"install", join\(folder, tarball\)/ },
  {
    pattern: /^TEST_NODE=\$\(command -v node\) npm run test:package$/,
    test: "package.json",
    proof: /"test:package": "npm run build/,
  },
  // No registry and no Docker engine is on a machine that runs the tests.
  {
    pattern: /^(base=node:\S+|digest=\$\(docker buildx .*\)|EDGRESS_IMAGE=\S+ NODE_IMAGE=\S+ npm run image -- .*)$/,
    test: "test/cli/workflows.test.ts",
    proof: /npm run/,
  },
  { pattern: /^npm (install|start)$/, test: "test/cli/dev.test.ts", proof: /startDev/ },
  { pattern: /^npm run (check|types|docs|test:cluster)$/, test: ".ci/run", proof: /npm run check/ },
  { pattern: /^npx node --test \S+$/, test: "package.json", proof: /"test": ".*node --test/ },
  { pattern: /^npx edgress publish --manifests manifests\/$/, test: "test/cli/publish.test.ts", proof: /"publish"/ },
  { pattern: /^npx edgress sync --dry-run$/, test: "test/cli/sync.test.ts", proof: /"sync", "--dry-run"/ },
  {
    pattern: /^npx edgress sync --once( --take-ownership)?$/,
    test: "test/cli/sync.test.ts",
    proof: /"sync", "--once"/,
  },
  {
    pattern: /^npx edgress approve( [0-9a-f]{12})? --namespace edgress$/,
    test: "test/incidents/large-changes.test.ts",
    proof: /approve/,
  },
  {
    pattern: /^curl -i https:\/\/example\.com\/\.well-known\/edgress\/(health|generation)$/,
    test: "test/edge/publications.test.ts",
    proof: /\.well-known\/edgress\/generation/,
  },
  {
    pattern: /^curl -i --resolve (\S+):443:192\.0\.2\.10 https:\/\/\1\/\S*$/,
    test: "test/cli/dev.test.ts",
    proof: /curl/,
  },
  {
    pattern: /^docker (build -f deploy\/Containerfile -t \S+ \.|push \S+)$/,
    test: "test/deploy/image.test.ts",
    proof: /Containerfile/,
  },
  {
    pattern: /^kubectl (apply|delete) -k (\.\.\/our-edgress|deploy\/monitoring)$|^kubectl kustomize \.\.\/our-edgress$/,
    test: "test/docs/commands.test.ts",
    proof: /kubectl", \["kustomize"/,
  },
  {
    pattern: /^helm install edgress deploy\/chart --namespace edgress( --set [a-z.]+=\S+)+$/,
    test: "test/deploy/chart.test.ts",
    proof: /renderChart/,
  },
  {
    pattern: /^kubectl apply -f deploy\/base\/namespace\.yaml$/,
    test: "test/deploy/kustomize.test.ts",
    proof: /deploy\/base/,
  },
  // What reads or changes single objects; that their names are those of deploy/ is checked below.
  {
    pattern:
      /^kubectl( -n (edgress|shop))? (get|describe|logs|scale|rollout (status|restart|undo)|delete pod|create (role|rolebinding|configmap|secret generic))( |$)[^|;&`$]*$/,
    test: "test/docs/commands.test.ts",
    proof: /objects of deploy\/base/,
  },
  { pattern: /^mkdir (\.\.\/our-edgress|manifests)$/, test: "test/docs/commands.test.ts", proof: /our-edgress/ },
  { pattern: /^set -a$|^\. \.\/edgress\.env$|^set \+a$/, test: "test/docs/commands.test.ts", proof: /edgress\.env/ },
];

/** Commands that this file runs itself, with the manifests of an example in place of the reader's. */
const RUN_HERE = [/^npx edgress (explain|lint|keys)( .*)?$/, /^npx wrangler .*$/];

interface Written {
  readonly where: string; // "docs/install.md:42"
  readonly command: string;
}

const written: readonly Written[] = readDocuments().flatMap((document) =>
  fencesIn(document)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text, line }) => commandsIn(text).map((command) => ({ where: `${document.path}:${line}`, command }))),
);
const commands = [...new Set(written.map(({ command }) => command))].toSorted();

const folders: string[] = [];
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
    ({ command }) => !isRunHere(command) && !CLASSES.some(({ pattern }) => pattern.test(command)),
  );
  assert.deepEqual(unlisted, []);
});

for (const { pattern, test: file, proof } of CLASSES) {
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
  const missing = mentioned.filter((name) => name !== "install" && name !== "publish" && !(name in scripts));
  assert.deepEqual(missing, []);
});

for (const command of commands.filter((one) => /^npx edgress (explain|lint|keys)\b/.test(one))) {
  test(`the command \`${command}\` runs as printed`, async () => {
    const [, , ...args] = command.split(" ");
    const { stdout } = await run(process.execPath, [CLI, ...args], { cwd: await folderWithManifests() });
    assert.notEqual(stdout, "");
  });
}

for (const name of new Set(commands.flatMap((one) => /^npx edgress ([a-z]+)/.exec(one)?.[1] ?? []))) {
  test(`the flags of \`edgress ${name}\` in the documentation exist`, async () => {
    const { stdout } = await run(process.execPath, [CLI, name, "--help"]);
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
  const base = ["access", "deployment", "ingress-class", "namespace"].map((name) =>
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

test("the overlay of docs/install.md renders with kubectl kustomize", async () => {
  const install = { path: "docs/install.md", text: readText("docs/install.md") };
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

test("edgress.env in docs/install.md names variables that the environment reference has", () => {
  const reference = readText("docs/reference/environment.md");
  const block = fencesIn({ path: "docs/install.md", text: readText("docs/install.md") }).find(({ text }) =>
    text.startsWith("CLOUDFLARE_ACCOUNT_ID="),
  );
  const names = block?.text.split("\n").map((line) => line.split("=")[0] ?? "") ?? [];
  assert.ok(names.length >= 5);
  assert.deepEqual(
    names.filter((name) => !reference.includes(`\`${name}\``)),
    [],
  );
});

/** Splits a block into commands. A comment is none; a line that goes on ends with a backslash. */
function commandsIn(text: string): string[] {
  return text
    .replaceAll("\\\n", " ")
    .split("\n")
    .map((line) => line.replace(/\s+#.*$/, "").trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((line) => line.split(" && "));
}

function isRunHere(command: string): boolean {
  return RUN_HERE.some((pattern) => pattern.test(command));
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-docs-"));
  folders.push(folder);
  return folder;
}

/** A folder with `manifests/` and `examples/`, as a reader has. */
async function folderWithManifests(): Promise<string> {
  const folder = await temporaryFolder();
  await cp(EXAMPLES, join(folder, "examples"), { recursive: true });
  await cp(join(EXAMPLES, "fanout"), join(folder, "manifests"), { recursive: true });
  return folder;
}
