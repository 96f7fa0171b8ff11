import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { fencesIn, REPOSITORY, readText } from "../support/docs/markdown.ts";

const COPIED = ["src", "sync", "test", "tools", "examples", "package.json", "tsconfig.json", "wrangler.toml"];
// Both are the end of the text before a block.
const CREATE = /Create `(?<file>[^`]+)`:$/;
const ADD = /In `(?<file>[^`]+)`, after the line (?<how>that starts with )?`(?<anchor>[^`]+)`, add:$/;

/** One edit of the recipe: a new file, or lines after another line. */
interface Edit {
  readonly file: string;
  readonly text: string;
  readonly after: ((line: string) => boolean) | undefined; // undefined: a new file
}

const edits = readEdits();
let copy: string;

before(async () => {
  copy = await mkdtemp(join(tmpdir(), "edgress-recipe-"));
  for (const name of COPIED) await cp(join(REPOSITORY, name), join(copy, name), { recursive: true });
  await symlink(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
});

after(() => rm(copy, { recursive: true, force: true }));

test("the annotation recipe does not compile with one half, and passes the fixture's judges with both", async () => {
  const isFilter = ({ file }: Edit) => file.startsWith("src/filters/");
  for (const edit of edits.filter((one) => !isFilter(one))) await apply(edit);
  assert.deepEqual(await types("src/rules"), { code: 0, output: "" });
  const half = await types("src");
  assert.match(half.output, /src\/filters\/index\.ts.*TS2741.*robotsTag/);
  assert.notEqual(half.code, 0);

  for (const edit of edits.filter(isFilter)) await apply(edit);
  assert.deepEqual(await types("src"), { code: 0, output: "" });

  const golden = await fixtures({ UPDATE_GOLDEN: "1" });
  assert.equal(golden.code, 0, golden.output);
  const judged = await fixtures({});
  assert.equal(judged.code, 0, judged.output);
  // Three judges, and that the annotation has a fixture and is reported.
  assert.match(judged.output, /^# pass 5$/m);
  const rules = await readFile(join(copy, "test/fixtures/robots-tag/rules.json"), "utf8");
  assert.match(rules, /"robotsTag": \{\s+"value": "noindex, nofollow"/);
  assert.match(rules, /warning Ingress default\/unreadable metadata\.annotations\[edgress\.dev\/robots-tag\]/);
});

/** Reads the edits out of CONTRIBUTING.md: each fenced block belongs to the sentence before it. */
function readEdits(): Edit[] {
  const [, section = ""] = readText("CONTRIBUTING.md").split("## Add an annotation\n");
  const text = section.split("\n## ")[0] ?? "";
  const fences = fencesIn({ path: "CONTRIBUTING.md", text });
  const lines = text.split("\n");
  return fences.map(({ text: content, line }) => {
    const sentence = lines
      .slice(0, line - 1)
      .join(" ")
      .replace(/\s+/g, " ")
      .trimEnd();
    const added = ADD.exec(sentence)?.groups;
    const created = CREATE.exec(sentence)?.groups;
    if (added?.file && added.anchor !== undefined) {
      const { file, how, anchor } = added;
      return { file, text: content, after: (other) => (how ? other.trim().startsWith(anchor) : other === anchor) };
    }
    assert.ok(created?.file, `no file is named before line ${line} of the recipe: ${sentence.slice(-120)}`);
    return { file: created.file, text: content, after: undefined };
  });
}

async function apply({ file, text, after: isAnchor }: Edit): Promise<void> {
  const path = join(copy, file);
  await mkdir(dirname(path), { recursive: true });
  if (!isAnchor) return writeFile(path, `${text}\n`);
  const lines = (await readFile(path, "utf8")).split("\n");
  const index = lines.findIndex(isAnchor);
  assert.notEqual(index, -1, `${file} has no such line`);
  await writeFile(path, lines.toSpliced(index + 1, 0, text).join("\n"));
}

/** The exit code of a command in the copy, and what it printed. */
async function run(args: readonly string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH ?? "", ...environment };
  return promisify(execFile)(process.execPath, [...args], { cwd: copy, env, maxBuffer: 64 * 1024 * 1024 }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error: { code?: number; stdout?: string; stderr?: string }) => ({
      code: error.code ?? 1,
      output: `${error.stdout}${error.stderr}`,
    }),
  );
}

function types(project: string) {
  return run(["node_modules/typescript/bin/tsc", "-p", project]);
}

function fixtures(environment: Record<string, string>) {
  return run(
    ["--test", "--test-reporter=tap", "--test-name-pattern", "robots.tag", "test/fixtures.test.ts"],
    environment,
  );
}
