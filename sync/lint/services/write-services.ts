import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../../collect/cluster-model.ts";
import type { RawObject } from "../../collect/parse-objects.ts";
import type { Options } from "../../compile/options.ts";
import { buildServiceManifests } from "./service-manifests.ts";
import { findServiceNeeds } from "./service-needs.ts";

/**
 * Writes the manifests that make the Services of the selected Ingresses reachable, and returns their number. Rejects if a
 * file exists, because it may be a manifest of the user.
 */
export async function writeServices(
  folder: string,
  rawObjects: readonly RawObject[],
  cluster: Cluster,
  options: Options,
): Promise<number> {
  const manifests = buildServiceManifests(findServiceNeeds(cluster, options), rawObjects);
  await mkdir(folder, { recursive: true });
  await Promise.all(manifests.map(({ fileName, text }) => writeFile(join(folder, fileName), text, { flag: "wx" })));
  return manifests.length;
}
