import { join } from "node:path";
import type { Cluster } from "../collect/cluster-model.ts";
import { assertReadableFolder, formatUnparsableFile, type Manifests, readManifests } from "../collect/manifests.ts";
import { parseCluster, type RawObject } from "../collect/parse-objects.ts";

/** The objects of all folders, and a line for each file that does not parse. */
export interface FolderContents {
  readonly cluster: Cluster;
  readonly problems: readonly string[];
}

/** Rejects with a `UsageError` unless every folder is readable. */
export async function assertReadableFolders(folders: readonly string[]): Promise<void> {
  for (const folder of folders) await assertReadableFolder(folder);
}

/** Reads folders as one cluster. With several folders, a source begins with its folder. */
export async function readFolders(folders: readonly string[]): Promise<FolderContents> {
  const contents = await Promise.all(
    folders.map(async (folder) => {
      const manifests = await readManifests(folder);
      return folders.length === 1 ? manifests : prefixSources(manifests, folder);
    }),
  );
  const rawObjects = contents.flatMap(({ files }) => [...files.values()].flat());
  const unparsableFiles = contents.flatMap((manifests) => manifests.unparsableFiles);
  return { cluster: parseCluster(rawObjects), problems: unparsableFiles.map(formatUnparsableFile) };
}

function prefixSources({ files, unparsableFiles }: Manifests, folder: string): Manifests {
  const prefixObjects = (objects: readonly RawObject[]) =>
    objects.map(({ object, source }) => ({ object, source: join(folder, source) }));
  return {
    files: new Map([...files].map(([name, objects]) => [join(folder, name), prefixObjects(objects)])),
    unparsableFiles: unparsableFiles.map(({ file, ...error }) => ({ ...error, file: join(folder, file) })),
  };
}
