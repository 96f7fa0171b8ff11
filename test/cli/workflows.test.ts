import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import * as z from "zod";
import biome from "../../biome.json" with { type: "json" };
import packageJson from "../../package.json" with { type: "json" };

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const Step = z.object({
  uses: z.optional(z.string()),
  run: z.optional(z.string()),
  with: z.optional(z.record(z.string(), z.unknown())),
});
const Workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), z.object({ uses: z.optional(z.string()), steps: z.optional(z.array(Step)) })),
});

const read = (path: string) => readFile(join(REPOSITORY, path), "utf8");

describe("the workflows", async () => {
  const names = (await readdir(join(REPOSITORY, ".github/workflows"))).sort();
  const workflows = await Promise.all(
    names.map(async (name) => Workflow.parse(parse(await read(`.github/workflows/${name}`)))),
  );
  const jobs = workflows.flatMap((workflow) => Object.values(workflow.jobs));
  const steps = jobs.flatMap((job) => job.steps ?? []);
  const commands = steps.flatMap(({ run }) => run?.split("\n") ?? []);

  test("the workflows are check and release", () => {
    assert.deepEqual(names, ["check.yaml", "release.yaml"]);
  });

  test("every npm script that a workflow runs exists", () => {
    const scripts = commands.flatMap((command) =>
      [...command.matchAll(/npm run ([\w:]+)/g)].map(([, name = ""]) => name),
    );
    const expected = ["chart", "check", "image", "manifests", "sbom", "test:nginx", "test:package"];
    assert.deepEqual([...new Set(scripts)].sort(), expected);
    assert.deepEqual(
      scripts.filter((name) => !(name in packageJson.scripts)),
      [],
    );
  });

  test("every program of the repository that a workflow runs exists", () => {
    const programs = commands.flatMap((command) => command.match(/^tools\/\S+/) ?? []);
    assert.deepEqual(programs, ["tools/install-helm.sh"]);
    assert.ok(programs.every((program) => existsSync(join(REPOSITORY, program))));
  });

  test("every action is pinned by commit with its version, and every workflow that is called exists", async () => {
    const texts = await Promise.all(names.map((name) => read(`.github/workflows/${name}`)));
    const used = texts.flatMap((text) => [...text.matchAll(/\buses: (.+)$/gm)].map(([, one = ""]) => one));
    const [local, actions] = [used.filter((one) => one.startsWith("./")), used.filter((one) => !one.startsWith("./"))];
    assert.equal(used.length, [...jobs, ...steps].filter(({ uses }) => uses !== undefined).length);
    assert.ok(local.every((path) => existsSync(join(REPOSITORY, path))));
    assert.deepEqual(
      actions.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action)),
      [],
    );
  });

  test("the workflows run on the Node of the development dependency", () => {
    const versions = steps.flatMap((step) =>
      step.uses?.startsWith("actions/setup-node@") ? [step.with?.["node-version"]] : [],
    );
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the syntax of workflows.
    const matrix = "${{ matrix.node }}";
    assert.deepEqual([...new Set(versions)].sort(), [matrix, packageJson.devDependencies.node].sort());
  });

  test("a workflow may read the repository and nothing else, unless a job needs more", () => {
    assert.deepEqual(
      workflows.map(({ permissions }) => permissions),
      [{ contents: "read" }, { contents: "read" }],
    );
  });
});

test("dependabot updates both package.json files, the actions and the base image", async () => {
  const Dependabot = z.object({
    version: z.literal(2),
    updates: z.array(
      z.object({
        "package-ecosystem": z.string(),
        directory: z.optional(z.string()),
        directories: z.optional(z.array(z.string())),
      }),
    ),
  });
  const { updates } = Dependabot.parse(parse(await read(".github/dependabot.yml")));
  assert.deepEqual(
    updates.map(({ directory, directories, ...update }) => [update["package-ecosystem"], directories ?? [directory]]),
    [
      ["npm", ["/", "/tools/newer-node"]],
      ["github-actions", ["/"]],
      ["docker", ["/deploy"]],
    ],
  );
});

test(".editorconfig has the indentation and the line width of biome.json", async () => {
  const text = await read(".editorconfig");
  const value = (key: string) => new RegExp(`^${key} = (.*)$`, "m").exec(text)?.[1];
  const { indentStyle, indentWidth, lineWidth } = biome.formatter;
  assert.deepEqual(
    { style: value("indent_style"), size: value("indent_size"), width: value("max_line_length") },
    { style: indentStyle, size: String(indentWidth), width: String(lineWidth) },
  );
});

test("LICENSE is the licence that package.json names", async () => {
  const text = await read("LICENSE");
  assert.equal(packageJson.license, "Apache-2.0");
  assert.match(text, /^\s+Apache License\n\s+Version 2\.0, January 2004\n/);
  assert.match(text, /END OF TERMS AND CONDITIONS/);
});
