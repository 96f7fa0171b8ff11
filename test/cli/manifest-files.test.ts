import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { formatUnparsableFile, readManifests } from "../../sync/collect/manifests.ts";
import { readFiles } from "../../sync/lint/input/read-files.ts";

const LEVELS = 20_000;
const BOMB = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
  .concat(Array.from({ length: 9 }, (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level}, `.repeat(9)}x]`))
  .join("\n");
const ALIASES = "Excessive alias count indicates a resource exhaustion attack";
let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "edgress-files-"));
  const inFolder = (name: string) => join(folder, name);
  await symlink("/dev/zero", inFolder("endless.yaml"));
  execFileSync("mkfifo", [inFolder("pipe.yaml")]);
  await mkdir(inFolder("target"));
  await symlink(inFolder("target"), inFolder("folder.yaml"));
  await symlink("loop.yaml", inFolder("loop.yaml"));
  const large = await open(inFolder("large.yaml"), "w");
  await large.truncate(1_900_000_000); // sparse
  await large.close();
  await writeFile(inFolder("levels.json"), "[".repeat(LEVELS) + "]".repeat(LEVELS));
  await writeFile(inFolder("line\nbreak.yaml"), "a: [");
  await writeFile(inFolder("bomb.yaml"), BOMB);
});

after(() => rm(folder, { recursive: true }));

const PROBLEMS = {
  "bomb.yaml": ALIASES,
  "endless.yaml": "not a regular file",
  "folder.yaml": "not a regular file",
  "large.yaml": "larger than 32 MiB",
  "levels.json": "nested too deeply",
  "line\nbreak.yaml": "Flow sequence in block collection must be sufficiently indented and end with a ]",
  "loop.yaml": /^ELOOP: too many symbolic links/,
  "pipe.yaml": "not a regular file",
};

function assertProblems(unparsableFiles: readonly { readonly file: string; readonly problem: string }[]): void {
  const problems = new Map(unparsableFiles.map(({ file, problem }) => [file.replace(`${folder}/`, ""), problem]));
  assert.deepEqual([...problems.keys()].toSorted(), Object.keys(PROBLEMS));
  for (const [file, expected] of Object.entries(PROBLEMS)) {
    if (typeof expected === "string") assert.equal(problems.get(file), expected);
    else assert.match(problems.get(file) ?? "", expected);
  }
}

test("Pipes, devices, loops and too large files of a folder have one line each", { timeout: 60_000 }, async () => {
  const { unparsableFiles } = await readManifests(folder);
  assertProblems(unparsableFiles);
  for (const file of unparsableFiles)
    assert.match(formatUnparsableFile(file), /^error .+:\d+: .+ \(InvalidManifest\)$/);
});

test("edgress lint reads the same files in the same way", { timeout: 60_000 }, async () => {
  const files = await readFiles([folder], (async function* () {})());
  assertProblems(files.flatMap(({ unparsableFile }) => unparsableFile ?? []));
});

for (const [name, text, problem] of [
  ["A bomb of aliases", BOMB, ALIASES],
  ["A deep list", "[".repeat(LEVELS), "nested too deeply"],
] as const)
  test(`${name} on standard input is reported as in a file`, async () => {
    async function* yieldText() {
      yield text;
    }
    const { unparsableFiles } = await readManifests("-", undefined, yieldText());
    assert.deepEqual(unparsableFiles, [{ file: "stdin", line: 1, problem }]);
    const [file] = await readFiles(["-"], yieldText());
    assert.equal(file?.unparsableFile?.problem, problem);
  });
