import { compareText } from "../../../src/rules/compare-text.ts";
import { type Cluster, type ConfigMap, type IngressClass, nameOf } from "../../collect/cluster-model.ts";
import type { ClassSelector } from "../../compile/select/ingress-class.ts";
import type { Finding } from "../findings/finding.ts";
import type { CloudflarePlan } from "../knowledge/cloudflare-limits.ts";
import { readNginxConfigMap } from "./read-config-map.ts";

/** Names of ingress-nginx's ConfigMap in its manifests, its chart and common distributions. */
const CONFIG_MAP_NAME =
  /^(?:[a-z0-9-]+-)?(?:ingress-nginx|nginx-ingress)(?:-ingress-nginx)?-controller$|^nginx-configuration$|^nginx-load-balancer-microk8s-conf$/;

/** Finds the ConfigMap with the global settings of ingress-nginx: of several, the first by name. */
export function findNginxConfigMap(configMaps: readonly ConfigMap[]): ConfigMap | undefined {
  const candidates = configMaps.filter(({ name }) => CONFIG_MAP_NAME.test(name));
  return candidates.toSorted((a, b) => compareText(nameOf(a), nameOf(b)))[0];
}

/** A cluster in which the classes have the settings of ingress-nginx's ConfigMap. */
export interface ClusterWithSettings {
  readonly cluster: Cluster;
  readonly findings: readonly Finding[];
}

/**
 * Makes the settings of ingress-nginx's ConfigMap the defaults of the selected classes. A class with parameters keeps its
 * own settings.
 */
export function applyNginxConfigMap(
  cluster: Cluster,
  configMap: ConfigMap,
  selector: ClassSelector,
  plan: CloudflarePlan,
): ClusterWithSettings {
  const { classDefaults, findings } = readNginxConfigMap(configMap, plan);
  const { namespace, name } = configMap;
  const parameters = { kind: "ConfigMap", namespace, name };
  const isOurs = ({ controller }: IngressClass) => controller === selector.controller;
  const classes = cluster.classes.map((ingressClass) =>
    isOurs(ingressClass) && !ingressClass.parameters ? { ...ingressClass, parameters } : ingressClass,
  );
  const isClassKnown = classes.some((ingressClass) => ingressClass.name === selector.ingressClass);
  const assumedClass: IngressClass = {
    name: selector.ingressClass,
    source: configMap.source,
    controller: selector.controller,
    isDefault: false,
    parameters,
  };
  const otherConfigMaps = cluster.configMaps.filter((other) => nameOf(other) !== nameOf(configMap));
  return {
    cluster: {
      ...cluster,
      classes: isClassKnown ? classes : [...classes, assumedClass],
      configMaps: [...otherConfigMaps, { ...configMap, data: classDefaults }],
    },
    findings,
  };
}
