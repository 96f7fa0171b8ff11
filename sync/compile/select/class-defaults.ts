import { ANNOTATION_PREFIXES, CLASS_ANNOTATION } from "../../collect/annotation-names.ts";
import {
  type ClassParameters,
  type Cluster,
  type ConfigMap,
  type Ingress,
  type IngressClass,
  nameOf,
  type Reference,
} from "../../collect/cluster-model.ts";
import type { ObjectMemo } from "../../incremental/memo.ts";
import { collectDiagnostics, type Diagnostic, type Report, type Reported, type Subject } from "../diagnostics.ts";
import type { Options } from "../options.ts";
import { annotationCatalog } from "./annotation-catalog.ts";

/** What an IngressClass says for Ingresses that don't say it themselves: annotations without prefix, from its ConfigMap. */
export type ClassDefaults =
  | { readonly type: "read"; readonly values: Readonly<Record<string, string>> }
  | { readonly type: "unreadable"; readonly reason: string };

/** The settings of each class of ours that has some, by its name, and the ConfigMaps that they stand in. */
export interface ClassDefaultsByName {
  readonly byClass: ReadonlyMap<string, ClassDefaults>;
  readonly references: readonly Reference[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the settings of our classes. What cannot be read of them is reported, once for all of their Ingresses. */
export function readClassDefaults(
  cluster: Cluster,
  options: Options,
  memo: ObjectMemo<IngressClass, Reported<ClassDefaults>>,
): ClassDefaultsByName {
  const configMaps = new Map(cluster.configMaps.map((configMap) => [nameOf(configMap), configMap]));
  const classes = cluster.classes.flatMap((ingressClass) => {
    const { controller, parameters } = ingressClass;
    if (!parameters || controller !== options.controller) return [];
    const reference = buildConfigMapReference(parameters, options);
    const configMapOrProblem = reference
      ? (configMaps.get(nameOf(reference)) ?? describeMissingConfigMap(reference, cluster))
      : "they are no ConfigMap";
    const defaults = memo(ingressClass, [configMapOrProblem], () =>
      collectDiagnostics((report) => readDefaults(ingressClass, configMapOrProblem, report)),
    );
    return [{ name: ingressClass.name, defaults, reference }];
  });
  return {
    byClass: new Map(classes.map(({ name, defaults }) => [name, defaults.value])),
    references: classes.flatMap(({ reference }) => reference ?? []),
    diagnostics: classes.flatMap(({ defaults }) => defaults.diagnostics),
  };
}

function buildConfigMapReference({ kind, name, namespace }: ClassParameters, options: Options): Reference | undefined {
  if (kind !== "ConfigMap") return undefined;
  return { kind, namespace: namespace ?? options.namespace ?? "default", name };
}

/** The settings in what was found: a ConfigMap, or why there is none. */
function readDefaults(
  ingressClass: IngressClass,
  configMapOrProblem: ConfigMap | string,
  report: Report,
): ClassDefaults {
  return typeof configMapOrProblem === "string"
    ? reportUnreadableParameters(ingressClass, configMapOrProblem, report)
    : parseDefaults(configMapOrProblem, report);
}

/** The name of the class that an Ingress of ours is of, whether it says so or not. */
export function findClassName(ingress: Ingress, { classes }: Cluster, options: Options): string {
  const isDefault = (candidate: IngressClass) => candidate.isDefault && candidate.controller === options.controller;
  const className = ingress.className ?? ingress.annotations[CLASS_ANNOTATION];
  return className ?? classes.find(isDefault)?.name ?? options.ingressClass;
}

/** An Ingress with what its class says where it says nothing itself, under whichever prefix. */
export function applyClassDefaults(ingress: Ingress, defaults: ClassDefaults | undefined): Ingress {
  if (defaults?.type !== "read") return ingress;
  const missingEntries = Object.entries(defaults.values).filter(([name]) => !hasAnnotation(ingress, name));
  const annotations = Object.fromEntries(missingEntries.map(([name, text]) => [ANNOTATION_PREFIXES[0] + name, text]));
  return missingEntries.length === 0
    ? ingress
    : { ...ingress, annotations: { ...ingress.annotations, ...annotations } };
}

function hasAnnotation({ annotations }: Ingress, name: string): boolean {
  const { name: canonical, row } = annotationCatalog.get(name) ?? { name, row: undefined };
  const names = [canonical, ...(row?.aliases ?? [])];
  return names.some((candidate) => ANNOTATION_PREFIXES.some((prefix) => annotations[prefix + candidate] !== undefined));
}

/** A guard's value stays even where it cannot be read, so that it closes what it would have protected. */
function parseDefaults(configMap: ConfigMap, report: Report): ClassDefaults {
  const values = Object.entries(configMap.data).filter(([name, text]) => {
    const subject = { object: `ConfigMap ${nameOf(configMap)}`, source: configMap.source, field: `data.${name}` };
    const { row, policy } = annotationCatalog.get(name) ?? {};
    if (!row || !policy?.allowedAsClassDefault) {
      const remedy = "name an annotation without its prefix, or remove it";
      report("UnknownAnnotation", subject, "there is no such setting of a class, so it means nothing here", remedy);
      return false;
    }
    const result = row.parse(text.trim());
    if (result.ok) return true;
    report("InvalidAnnotation", subject, result.problem, `write it like ${JSON.stringify(row.example)}`);
    return row.guards === true;
  });
  return { type: "read", values: Object.fromEntries(values) };
}

function reportUnreadableParameters(ingressClass: IngressClass, reason: string, report: Report): ClassDefaults {
  const subject: Subject = {
    object: `IngressClass ${ingressClass.name}`,
    source: ingressClass.source,
    field: "spec.parameters",
  };
  const remedy = "name a ConfigMap that the sync job may read; until then the paths of its Ingresses answer 503";
  report("ClassParametersNotFound", subject, `the settings of the class cannot be read: ${reason}`, remedy);
  return { type: "unreadable", reason };
}

function describeMissingConfigMap({ namespace, name }: Reference, { unreadableReferences }: Cluster): string {
  const unreadableReference = unreadableReferences.find(
    (reference) => reference.kind === "ConfigMap" && reference.namespace === namespace && reference.name === name,
  );
  return unreadableReference?.problem ?? `there is no ConfigMap ${namespace}/${name}`;
}
