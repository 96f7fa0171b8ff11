import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, open, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { formatUnparsableFile, readManifests } from "../../../sync/collect/manifests.ts";
import { type LintOptions, runLint } from "../../../sync/commands/lint.ts";
import { createLintCommand } from "../../../sync/commands/lint-command.ts";
import type { ReportFormat } from "../../../sync/lint/reports/format-report.ts";
import { toPrintableText } from "../../../sync/runtime/printable-text.ts";
import { FAST_OPTIONS } from "../../compile/compile-objects.ts";
import { assertOneLine, readOrRefuse } from "../assert-refusal.ts";
import { compileChecked } from "../compiled-cluster.ts";
import { yamlText } from "../inputs/yaml-texts.ts";
import { defineProperty } from "../target.ts";

// Manifest files and folders, as `edgress dev`, `publish` and `lint` read them.

/** Time of all commands over one folder. It bounds loops, and a file that never ends. */
const MAX_FOLDER_MS = 20_000;
const TERMINAL = { columns: 100, hasColors: false } as never; // of the text report only
const LINT_COMMAND = createLintCommand();
LINT_COMMAND.parseOptions(["--watch-ingress-without-class"]);
const COMMAND_OPTIONS = LINT_COMMAND.opts() as Omit<LintOptions, "zones">; // commander's options have no types here
const LINT_OPTIONS: LintOptions = { ...COMMAND_OPTIONS, zones: [] };
const FORMATS: readonly ReportFormat[] = ["json", "markdown", "html", "sarif", "junit"];

async function* emptyInput(): AsyncGenerator<string> {
  yield "";
}

async function checkFolder(folder: string, format: ReportFormat): Promise<void> {
  const manifests = await readManifests(folder);
  for (const file of manifests.unparsableFiles) {
    assert.doesNotMatch(file.problem, /call stack|ERR_|undefined/);
    assertOneLine(toPrintableText(formatUnparsableFile(file)));
  }
  compileChecked([...manifests.files.values()].flat(), FAST_OPTIONS);
  const result = await readOrRefuse(() => runLint([folder], { ...LINT_OPTIONS, format }, emptyInput(), TERMINAL));
  if (result && format === "json") JSON.parse(result.lines.join("\n"));
}

async function withTimeout(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result within ${MAX_FOLDER_MS} ms`)), MAX_FOLDER_MS);
  });
  await Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/** Entries of a folder that are no plain files of text. */
const ENTRIES: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  folder: (path) => mkdir(path),
  loop: (path) => symlink(path, path),
  parent: (path) => symlink("..", path),
  missing: (path) => symlink("/nothing/here", path),
  endless: (path) => symlink("/dev/zero", path),
  pipe: async (path) => execFileSync("mkfifo", [path]),
  huge: async (path) => {
    const file = await open(path, "w");
    await file.truncate(1_900_000_000); // sparse
    await file.close();
  },
  binary: (path) => writeFile(path, Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 256))),
  utf16: (path) => writeFile(path, Buffer.from("\ufeffkind: Ingress\n", "utf16le")),
  deep: async (path) => {
    await mkdir(join(path, ..."abcdefghijklmnopqrstuvwxyz".split("")), { recursive: true });
  },
};
const NAMES = [
  "a.yaml",
  "b.yml",
  "c.json",
  "d.yaml.bak",
  "\u001b[2J.yaml",
  "e\nf.yaml",
  "é.yaml",
  "-.yaml",
  "__proto__.yaml",
];

const entries = fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...Object.keys(ENTRIES))), {
  selector: ([name]) => name,
  minLength: 1,
  maxLength: 3,
});

async function inFolder(fill: (folder: string) => Promise<unknown>, format: ReportFormat): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-fuzz-"));
  try {
    await fill(folder);
    await withTimeout(checkFolder(folder, format));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function* yieldText(text: string): AsyncGenerator<string> {
  yield text;
}

export async function startTarget() {
  const format = fc.constantFrom(...FORMATS);
  return {
    close: async () => {},
    properties: [
      defineProperty("files", fc.tuple(yamlText, fc.constantFrom("a.yaml", "b.json"), format), ([text, name, kind]) =>
        inFolder((folder) => writeFile(join(folder, name), text), kind),
      ),
      defineProperty("standard-input", yamlText, async (text) => {
        const { files, unparsableFiles } = await readManifests("-", undefined, yieldText(text));
        for (const file of unparsableFiles) assertOneLine(toPrintableText(formatUnparsableFile(file)));
        compileChecked([...files.values()].flat(), FAST_OPTIONS);
        await readOrRefuse(() => runLint(["-"], LINT_OPTIONS, yieldText(text), TERMINAL));
      }),
      defineProperty("folders", fc.tuple(entries, format), ([listed, kind]) =>
        inFolder(async (folder) => {
          for (const [name, entry] of listed) await ENTRIES[entry]?.(join(folder, name));
        }, kind),
      ),
    ],
  };
}
