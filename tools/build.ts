import { spawnSync } from "node:child_process";
import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Metafile } from "esbuild";
import packageJson from "../package.json" with { type: "json" };
import { WORKER_BUNDLE_OPTIONS } from "../sync/runtime/bundle-worker.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
export const DIST = join(REPOSITORY, "dist");
/** The packages in the bundles, as "name@version". The SBOM lists them; the published package leaves the file out. */
export const BUNDLED_PACKAGES = join(DIST, "bundled-packages.json");

const [, OLDEST_NODE = ""] = /^>=([\d.]+)$/.exec(packageJson.engines.node) ?? [];
// CommonJS packages in an ES module still call require.
const REQUIRE = `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`;

const FOR_NODE = {
  absWorkingDir: REPOSITORY,
  outdir: DIST,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: `node${OLDEST_NODE}`,
  mainFields: ["module", "main"],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none", // THIRD-PARTY-LICENSES.txt has the licenses in full
  metafile: true,
  logLevel: "warning",
} as const satisfies BuildOptions;

/** Writes dist/: the command, the Worker that `dev` runs, the library and its types, and the licenses. */
async function buildPackage(): Promise<void> {
  await rm(DIST, { recursive: true, force: true });
  const bundles = [await buildCommand(), await buildLibrary(), await buildWorker()];
  await chmod(join(DIST, "cli.js"), 0o755);
  const folders = packageFolders(bundles.map(({ metafile }) => metafile));
  await writeLicenses(folders);
  await writeTypes();
}

function buildCommand() {
  return build({
    ...FOR_NODE,
    entryPoints: { cli: "sync/cli.ts", "regex-worker": "sync/regex-check/regex-worker.ts" },
    chunkNames: "cli-[name]-[hash]",
    inject: [join(REPOSITORY, "tools/node-20.ts")],
    external: ["miniflare", "esbuild"], // miniflare: an optional peer; esbuild: bundles the Worker in a clone only
    banner: { js: REQUIRE },
  });
}

function buildLibrary() {
  return build({
    ...FOR_NODE,
    entryPoints: {
      snapshot: "sync/library/snapshot.ts",
      match: "sync/library/match.ts",
      compile: "sync/library/compile.ts",
    },
    chunkNames: "library-[name]-[hash]",
    inject: [join(REPOSITORY, "tools/group-by.ts")],
    external: ["zod"], // a dependency, because the types of the schemas are zod's
    banner: { js: REQUIRE },
  });
}

function buildWorker() {
  return build({
    absWorkingDir: REPOSITORY,
    outdir: DIST,
    ...WORKER_BUNDLE_OPTIONS,
    entryPoints: { worker: "src/index.ts" },
    minify: true,
    legalComments: "none",
    metafile: true,
    logLevel: "warning",
  });
}

/** The folders of the packages whose code is in a bundle. */
function packageFolders(metafiles: readonly Metafile[]): readonly string[] {
  const files = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs)),
  );
  const folders = files
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([file]) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0]);
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort();
}

async function writeLicenses(folders: readonly string[]): Promise<void> {
  const packages = await Promise.all(folders.map(readPackage));
  const sections = packages.map(
    ({ id, license, text }) => `${id}\nLicense: ${license}\n${text === "" ? "" : `\n${text.trim()}\n`}`,
  );
  await writeFile(
    BUNDLED_PACKAGES,
    `${JSON.stringify(
      packages.map(({ id }) => id),
      null,
      2,
    )}\n`,
  );
  await writeFile(join(DIST, "THIRD-PARTY-LICENSES.txt"), sections.join(`\n${"-".repeat(80)}\n\n`));
}

async function readPackage(folder: string) {
  const path = join(REPOSITORY, folder);
  const { name, version, license } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
  const files = (await readdir(path)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(path, file), "utf8")));
  return { id: `${name}@${version}`, license, text: texts.join("\n") };
}

/** Writes the declarations that the library's entries reach, with the extensions that every resolver knows. */
async function writeTypes(): Promise<void> {
  const { status } = spawnSync("tsc", ["-p", "sync/library/tsconfig.build.json"], {
    cwd: REPOSITORY,
    stdio: "inherit",
  });
  if (status !== 0) throw new Error("tsc failed: sync/library/tsconfig.build.json");
  const types = join(DIST, "types");
  const all = await readdir(types, { recursive: true, withFileTypes: true });
  const reached = new Map<string, string>();
  for (const entry of ["snapshot", "match", "compile"])
    await reach(join(types, "sync/library", `${entry}.d.ts`), reached);
  for (const file of all.filter((one) => one.isFile())) {
    const path = join(file.parentPath, file.name);
    const text = reached.get(path);
    await (text === undefined ? rm(path) : writeFile(path, text.replace(RELATIVE, "$1.js$3")));
  }
}

const RELATIVE = /((?:from|import|import\()\s*"\.[^"]*)(\.ts)(")/g;

async function reach(file: string, reached: Map<string, string>): Promise<void> {
  if (reached.has(file)) return;
  const text = await readFile(file, "utf8");
  reached.set(file, text);
  for (const [, start = ""] of text.matchAll(RELATIVE)) {
    await reach(join(dirname(file), `${start.slice(start.indexOf('"') + 1)}.d.ts`), reached);
  }
}

await buildPackage();
for (const file of (await readdir(DIST)).sort()) console.log(relative(REPOSITORY, join(DIST, file)));
