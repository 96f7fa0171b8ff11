import { readFile } from "node:fs/promises";
import type { ConfigMap } from "../collect/cluster-model.ts";
import { parseManifest } from "../collect/manifests.ts";
import { parseCluster } from "../collect/parse-objects.ts";
import type { LintInput } from "../lint/input/collect-input.ts";
import { findNginxConfigMap } from "../lint/nginx-config-map/apply-config-map.ts";
import { UsageError } from "../runtime/usage-error.ts";

/** Names of the ConfigMap in a cluster, if no manifest has it. */
const USUAL_NAMES = ["ingress-nginx-controller", "nginx-configuration"];
const USUAL_NAMESPACE = "ingress-nginx";

/** Returns the ConfigMap of ingress-nginx in a file; without a file the one in the manifests or the cluster. */
export async function loadNginxConfigMap(
  path: string | undefined,
  { cluster, lookUp }: Pick<LintInput, "cluster" | "lookUp">,
): Promise<ConfigMap | undefined> {
  if (path !== undefined) return readConfigMapFile(path);
  const configMap = findNginxConfigMap(cluster.configMaps);
  if (configMap) return configMap;
  const found = await Promise.all(
    USUAL_NAMES.map((name) => lookUp({ kind: "ConfigMap", namespace: USUAL_NAMESPACE, name })),
  );
  return found.flatMap((entry) => (entry.state === "exists" && entry.configMap ? [entry.configMap] : []))[0];
}

async function readConfigMapFile(path: string): Promise<ConfigMap> {
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
