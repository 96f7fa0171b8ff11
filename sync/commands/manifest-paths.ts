import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Cluster } from "../collect/cluster-model.ts";
import {
  assertReadableManifests,
  formatUnparsableFile,
  type Manifests,
  readManifests,
  STANDARD_INPUT,
} from "../collect/manifests.ts";
import { parseCluster, type RawObject } from "../collect/parse-objects.ts";

/** The objects of all paths, and a line for each file that does not parse. */
export interface PathContents {
  readonly cluster: Cluster;
  readonly problems: readonly string[];
}

/** Rejects with a `UsageError` unless every path is readable. */
export async function assertReadablePaths(paths: readonly string[]): Promise<void> {
  for (const path of paths) await assertReadableManifests(path);
}

/** Reads files and folders as one cluster. With several paths, a source begins with its folder. */
export async function readPaths(paths: readonly string[]): Promise<PathContents> {
  const contents = await Promise.all(
    paths.map(async (path) => {
      const manifests = await readManifests(path);
      return paths.length === 1 || path === STANDARD_INPUT
        ? manifests
        : prefixSources(manifests, await findFolder(path));
    }),
  );
  const rawObjects = contents.flatMap(({ files }) => [...files.values()].flat());
  const unparsableFiles = contents.flatMap((manifests) => manifests.unparsableFiles);
  return { cluster: parseCluster(rawObjects), problems: unparsableFiles.map(formatUnparsableFile) };
}

async function findFolder(path: string): Promise<string> {
  return (await stat(path)).isDirectory() ? path : dirname(path);
}

function prefixSources({ files, unparsableFiles }: Manifests, folder: string): Manifests {
  const prefixObjects = (objects: readonly RawObject[]) =>
    objects.map(({ object, source }) => ({ object, source: join(folder, source) }));
  return {
    files: new Map([...files].map(([name, objects]) => [join(folder, name), prefixObjects(objects)])),
    unparsableFiles: unparsableFiles.map(({ file, ...error }) => ({ ...error, file: join(folder, file) })),
  };
}
