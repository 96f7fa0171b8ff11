import { readFile } from "node:fs/promises";
import type { ConfigMap } from "../collect/cluster-model.ts";
import { parseManifest } from "../collect/manifests.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import { findNginxConfigMap } from "../lint/nginx-config-map/apply-config-map.ts";
import { UsageError } from "../runtime/usage-error.ts";

/** Returns the ConfigMap of ingress-nginx in a file, or without a file the one among `configMaps` that has its name. */
export async function loadNginxConfigMap(
  path: string | undefined,
  configMaps: readonly ConfigMap[],
): Promise<ConfigMap | undefined> {
  if (path === undefined) return findNginxConfigMap(configMaps);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) throw new UsageError(`--nginx-configmap is not readable: ${path}. Check the path`);
  const parsedFile = parseManifest(text, path);
  const fileConfigMaps = "objects" in parsedFile ? parseCluster(parsedFile.objects).configMaps : [];
  const configMap = fileConfigMaps.length === 1 ? fileConfigMaps[0] : findNginxConfigMap(fileConfigMaps);
  if (configMap) return configMap;
  throw new UsageError(
    `ConfigMap of ingress-nginx not found in --nginx-configmap: ${path}. Write it with kubectl get -o yaml`,
  );
}
