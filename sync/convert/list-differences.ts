import { nameOf } from "../collect/cluster-model.ts";
import { findAnnotationKey } from "../compile/select/annotations.ts";
import type { ConvertibleIngress } from "./convertible-ingress.ts";
import type { ConversionGap } from "./route-manifest.ts";

/** Returns the parts of a converted Ingress whose counterpart differs. */
export function listDifferences(entry: ConvertibleIngress): readonly ConversionGap[] {
  const { ingress, converted, pathsByHost } = entry;
  const object = `Ingress ${nameOf(ingress)}`;
  const report = (field: string, problem: string): ConversionGap => ({ object, field, problem, keepsIngress: false });
  const reportAnnotation = (name: string, problem: string) => {
    const key = findAnnotationKey(ingress, name);
    return key === undefined ? [] : [report(`metadata.annotations[${key}]`, problem)];
  };
  const wildcards = [...pathsByHost.keys()].filter((host) => host.startsWith("*."));
  return [
    ...wildcards.map((host) => report("spec.rules", `the wildcard ${host} covers names of any number of labels`)),
    ...(converted.redirect
      ? [
          ...reportAnnotation("permanent-redirect", "the redirect keeps the query of the request"),
          ...reportAnnotation("temporal-redirect", "the redirect keeps the query of the request"),
        ]
      : []),
    ...(JSON.stringify(converted.filters).includes("://*.")
      ? reportAnnotation("cors-allow-origin", "a wildcard covers origins of any number of labels")
      : []),
  ];
}
