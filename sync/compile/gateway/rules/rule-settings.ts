import { replacedAnnotations } from "../../../../src/rules/policies/replaced-annotations.ts";
import { failure, type Result, success } from "../../../../src/rules/result.ts";
import type { ConfigMap, Reference } from "../../../collect/cluster-model.ts";
import type { HttpRoute, HttpRouteFilter, HttpRouteRule } from "../../../collect/gateway/http-route-model.ts";
import { annotationCatalog } from "../../select/annotation-catalog.ts";

/** Finds a ConfigMap, or returns why it cannot be read. */
export type FindConfigMap = (reference: Reference) => Result<ConfigMap>;

/** Returns the ConfigMaps whose data are settings of a rule: those that its filters of type ExtensionRef name. */
export function listSettingsReferences(
  { namespace }: Pick<HttpRoute, "namespace">,
  { filters }: HttpRouteRule,
): readonly Reference[] {
  return filters
    .filter(namesSettings)
    .flatMap(({ extensionRef }) =>
      extensionRef ? [{ kind: "ConfigMap" as const, namespace, name: extensionRef.name }] : [],
    );
}

/** Whether a filter names a ConfigMap with settings. */
export function namesSettings({ type, extensionRef }: HttpRouteFilter): boolean {
  return type === "ExtensionRef" && extensionRef?.group === "" && extensionRef.kind === "ConfigMap";
}

/** Returns the ConfigMaps of a rule. Fails if one cannot be read, or has a setting that does not hold for one rule alone. */
export function readRuleSettings(references: readonly Reference[], find: FindConfigMap): Result<readonly ConfigMap[]> {
  const configMaps: ConfigMap[] = [];
  for (const reference of references) {
    const configMap = find(reference);
    if (!configMap.ok) return configMap;
    const unusable = Object.keys(configMap.value.data).find((name) => !isRuleSetting(name));
    if (unusable !== undefined)
      return failure(`ConfigMap ${reference.name} has ${unusable}, which is no setting of a rule of an HTTPRoute`);
    configMaps.push(configMap.value);
  }
  return success(configMaps);
}

function isRuleSetting(name: string): boolean {
  const entry = annotationCatalog.get(name);
  return entry !== undefined && entry.policy.scope === "route" && !replacedAnnotations.has(name);
}
