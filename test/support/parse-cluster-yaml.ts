import assert from "node:assert/strict";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";

/** Parses the documents of a manifest as those of a folder. */
export function parseClusterYaml(text: string): Cluster {
  const parsed = parseManifest(text, "in.yaml");
  return parseCluster("objects" in parsed ? parsed.objects : assert.fail());
}
