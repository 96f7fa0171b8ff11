import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { UsageError } from "../runtime/usage-error.ts";

/** The environments of a set-up. Each has its own Worker, KV namespace and keys. */
export const ENVIRONMENTS = ["production", "staging"] as const;
export type EnvironmentName = (typeof ENVIRONMENTS)[number];

/** The files of a set-up. Git ignores the whole folder. */
export interface SetupFiles {
  readonly folder: string;
  readonly gitignore: string;
  readonly wranglerConfig: string;
  readonly workerScript: string;
  readonly wranglerLog: string;
  /** The names and public keys of the environment. Nothing in it is secret. */
  readonly settings: string;
  /** The controller's variables. Secret. */
  readonly controllerVariables: string;
  /** The same as a Kubernetes Secret. Secret. */
  readonly secretManifest: string;
  /** The controller's next keys, during a rotation. Secret. */
  readonly nextKeys: string;
}

/** Returns the paths of the files of an environment in a set-up folder. */
export function locateFiles(folder: string, environment: EnvironmentName): SetupFiles {
  const environmentFolder = join(folder, environment);
  return {
    folder,
    gitignore: join(folder, ".gitignore"),
    wranglerConfig: join(folder, "wrangler.jsonc"),
    workerScript: join(folder, "worker/index.js"),
    wranglerLog: join(folder, "wrangler.log"),
    settings: join(environmentFolder, "settings.json"),
    controllerVariables: join(environmentFolder, "edgress.env"),
    secretManifest: join(environmentFolder, "secret.yaml"),
    nextKeys: join(environmentFolder, "next-keys.env"),
  };
}

const IGNORE_ALL = "*\n";

/**
 * Creates the folder with a .gitignore that covers everything in it, itself included. Throws a `UsageError` if the folder
 * has another .gitignore.
 */
export async function prepareFolder({ folder, gitignore }: SetupFiles): Promise<void> {
  const text = await readIfExists(gitignore);
  if (text === IGNORE_ALL) return;
  if (text !== undefined)
    throw new UsageError(`folder has another use: ${folder} has a .gitignore. Choose a new folder with --dir`);
  await writePrivateFile(gitignore, IGNORE_ALL);
}

/** Writes a file that only its owner may read. An interruption leaves the old content. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporaryPath = `${path}.${randomBytes(4).toString("hex")}`;
  try {
    await writeFile(temporaryPath, text, { mode: 0o600, flag: "wx" });
    await rename(temporaryPath, path);
  } finally {
    await rm(temporaryPath, { force: true });
  }
  await chmod(path, 0o600);
}

/** Resolves with undefined if the file does not exist. */
export async function readIfExists(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
