import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorker } from "../../../sync/runtime/bundle-worker.ts";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const CACHE_FOLDER = join(REPOSITORY, "node_modules/.cache/edgress-worker");
const MAX_AGE_MS = 24 * 3_600_000;

let bundleFile: Promise<string> | undefined;

/** Returns the file of the bundled Worker. Test processes share it, so that each source is bundled once. */
export function findWorkerBundle(): Promise<string> {
  bundleFile ??= bundleIfMissing();
  return bundleFile;
}

async function bundleIfMissing(): Promise<string> {
  const file = join(CACHE_FOLDER, `${await hashSources()}.js`);
  if (existsSync(file)) return file;
  await mkdir(CACHE_FOLDER, { recursive: true });
  await removeOldBundles();
  const temporaryFile = `${file}.${process.pid}`;
  await writeFile(temporaryFile, await bundleWorker(join(REPOSITORY, "src/index.ts")));
  await rename(temporaryFile, file); // another process never reads half a file
  return file;
}

/** Returns a hash of everything that determines the bundle: sources, bundler options and installed packages. */
async function hashSources(): Promise<string> {
  const sources = await readdir(join(REPOSITORY, "src"), { recursive: true });
  const paths = [
    ...sources.filter((path) => path.endsWith(".ts")).map((path) => join("src", path)),
    "sync/runtime/bundle-worker.ts",
    "node_modules/.package-lock.json",
  ];
  const hash = createHash("sha256");
  for (const path of paths.toSorted()) hash.update(`${path}\0`).update(await readFile(join(REPOSITORY, path)));
  return hash.digest("hex");
}

async function removeOldBundles(): Promise<void> {
  for (const name of await readdir(CACHE_FOLDER)) {
    const file = join(CACHE_FOLDER, name);
    const modifiedAt = await stat(file).then(
      ({ mtimeMs }) => mtimeMs,
      () => Date.now(), // another process removed it
    );
    if (Date.now() - modifiedAt > MAX_AGE_MS) await rm(file, { force: true });
  }
}
