import * as z from "zod";
import type { RawObject } from "../../collect/parse-objects.ts";
import type { Finding } from "../findings/finding.ts";

/** An Ingress of networking.k8s.io/v1, or a List of objects. */
const IngressV1Paths = z.object({
  apiVersion: z.literal("networking.k8s.io/v1"),
  kind: z.literal("Ingress"),
  metadata: z.object({ name: z.string(), namespace: z.string().default("default") }),
  spec: z.object({
    rules: z.array(
      z.object({
        http: z
          .object({ paths: z.array(z.object({ path: z.string().default("/"), pathType: z.optional(z.unknown()) })) })
          .nullish(),
      }),
    ),
  }),
});
const ObjectList = z.object({ kind: z.literal("List"), items: z.array(z.unknown()) });

/** Finds paths of networking.k8s.io/v1 without pathType, which the API server rejects. Other versions have a default. */
export function findMissingPathTypes(objects: readonly RawObject[]): Finding[] {
  return objects.flatMap(({ object, source }) => {
    const list = ObjectList.safeParse(object).data;
    return (list ? list.items : [object]).flatMap((item) => checkIngress(item, source));
  });
}

/** Drops the notes about a default pathType of Ingresses that need one. */
export function dropPathTypeNotes(findings: readonly Finding[], errors: readonly Finding[]): Finding[] {
  const objects = new Set(errors.map(({ object }) => object));
  return findings.filter(({ rule, object }) => !(rule === "missing-path-type" && objects.has(object)));
}

function checkIngress(object: unknown, source: string): Finding[] {
  const ingress = IngressV1Paths.safeParse(object).data;
  return (ingress?.spec.rules ?? []).flatMap(({ http }, ruleIndex) =>
    (http?.paths ?? []).flatMap(({ path, pathType }, pathIndex): Finding[] => {
      if (pathType !== undefined && pathType !== null && pathType !== "") return [];
      return [
        {
          rule: "missing-path-type",
          object: `Ingress ${ingress?.metadata.namespace}/${ingress?.metadata.name}`,
          field: `spec.rules[${ruleIndex}].http.paths[${pathIndex}].pathType`,
          source,
          kind: "error",
          message: `path ${path} has no pathType, so the API server rejects the Ingress`,
          remedy: "set pathType: Prefix, Exact or ImplementationSpecific",
        },
      ];
    }),
  );
}
