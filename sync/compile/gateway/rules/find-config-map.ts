import { failure, success } from "../../../../src/rules/result.ts";
import { nameOf } from "../../../collect/cluster-model.ts";
import type { ClusterIndex } from "../../backends/cluster-index.ts";
import type { FindConfigMap } from "./rule-settings.ts";

/** Finds the ConfigMaps of an index. */
export function findConfigMapIn({
  configMap,
  readProblem,
}: Pick<ClusterIndex, "configMap" | "readProblem">): FindConfigMap {
  return (reference) => {
    const name = nameOf(reference);
    const found = configMap(name);
    if (found) return success(found);
    const problem = readProblem(`ConfigMap ${name}`);
    return failure(
      problem === undefined ? `ConfigMap not found: ${name}` : `ConfigMap ${name} is unreadable: ${problem}`,
    );
  };
}
