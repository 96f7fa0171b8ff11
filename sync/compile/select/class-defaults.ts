import { failure, type Result, success } from "../../../src/rules/result.ts";
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
import type { StageOptions } from "../options.ts";
import { annotationCatalog } from "./annotation-catalog.ts";
import { applyEnforcedSettings, type EnforcedNames } from "./enforced-settings.ts";

/** Key of the ConfigMap that lists the settings which no Ingress may weaken. */
const ENFORCED_KEY = "enforced";

/** The default annotations of an IngressClass, from its ConfigMap: names without prefix and their values. */
export type ClassDefaults =
  | { readonly type: "read"; readonly values: Readonly<Record<string, string>>; readonly enforcedNames: EnforcedNames }
  | { readonly type: "unreadable"; readonly reason: string };

/** The defaults of our IngressClasses by class name, and the ConfigMaps that they come from. */
export interface ClassDefaultsByName {
  readonly byClass: ReadonlyMap<string, ClassDefaults>;
  readonly references: readonly Reference[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads the defaults of our classes. Reports each problem once, not per Ingress. */
export function readClassDefaults(
  cluster: Cluster,
  options: StageOptions,
  memo: ObjectMemo<IngressClass, Reported<ClassDefaults>>,
): ClassDefaultsByName {
  const configMaps = new Map(cluster.configMaps.map((configMap) => [nameOf(configMap), configMap]));
  const classes = cluster.classes.flatMap((ingressClass) => {
    const { controller, parameters } = ingressClass;
    if (!parameters || controller !== options.controller) return [];
    const reference = buildConfigMapReference(parameters, options);
    const configMapOrProblem = reference
      ? (configMaps.get(nameOf(reference)) ?? describeMissingConfigMap(reference, cluster))
      : "spec.parameters is not a ConfigMap";
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

function buildConfigMapReference(
  { kind, name, namespace }: ClassParameters,
  options: StageOptions,
): Reference | undefined {
  if (kind !== "ConfigMap") return undefined;
  return { kind, namespace: namespace ?? options.namespace ?? "default", name };
}

/** Parses the defaults in a ConfigMap, or reports why it cannot be read. */
function readDefaults(
  ingressClass: IngressClass,
  configMapOrProblem: ConfigMap | string,
  report: Report,
): ClassDefaults {
  return typeof configMapOrProblem === "string"
    ? reportUnreadableParameters(ingressClass, configMapOrProblem, report)
    : parseDefaults(ingressClass, configMapOrProblem, report);
}

/** Returns the class of an Ingress: its own, else the default class, else `ingressClass`. */
export function findClassName(ingress: Ingress, { classes }: Cluster, options: StageOptions): string {
  const isDefault = (candidate: IngressClass) => candidate.isDefault && candidate.controller === options.controller;
  const className = ingress.className ?? ingress.annotations[CLASS_ANNOTATION];
  return className ?? classes.find(isDefault)?.name ?? options.ingressClass;
}

/** Returns an Ingress with the enforced settings of its class, and with its defaults for annotations that it does not set. */
export function applyClassDefaults(ownIngress: Ingress, defaults: ClassDefaults | undefined, report: Report): Ingress {
  if (defaults?.type !== "read") return ownIngress;
  const ingress = applyEnforcedSettings(ownIngress, defaults.values, defaults.enforcedNames, report);
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

/** Keeps an unreadable guard, so that it closes the routes that it would protect. */
function parseDefaults(ingressClass: IngressClass, configMap: ConfigMap, report: Report): ClassDefaults {
  const values = Object.entries(configMap.data).filter(([name, text]) => {
    if (name === ENFORCED_KEY) return false;
    const subject = { object: `ConfigMap ${nameOf(configMap)}`, source: configMap.source, field: `data.${name}` };
    const { row, policy } = annotationCatalog.get(name) ?? {};
    if (!row || !policy?.allowedAsClassDefault) {
      const remedy = "use the name of an annotation without its prefix, or remove the key";
      report("UnknownAnnotation", subject, "unknown or not allowed as a class default; ignored", remedy);
      return false;
    }
    const result = row.parse(text.trim());
    if (result.ok) return true;
    report("InvalidAnnotation", subject, result.problem, `use a value such as ${JSON.stringify(row.example)}`);
    return row.guards === true;
  });
  const enforcedNames = parseEnforcedNames(configMap);
  return enforcedNames.ok
    ? { type: "read", values: Object.fromEntries(values), enforcedNames: enforcedNames.value }
    : reportUnreadableParameters(ingressClass, enforcedNames.problem, report);
}

/** Reads the list of enforced settings. A name that the ConfigMap does not set may be a misspelled guard. */
function parseEnforcedNames({ data }: ConfigMap): Result<EnforcedNames> {
  const names = (data[ENFORCED_KEY] ?? "").split(/[\s,]+/).filter((name) => name !== "");
  const unsetName = names.find((name) => data[name] === undefined || !annotationCatalog.has(name));
  if (unsetName !== undefined)
    return failure(`${ENFORCED_KEY} names a setting that the ConfigMap does not have: ${unsetName}`);
  return success(new Set(names.map((name) => annotationCatalog.get(name)?.name ?? name)));
}

function reportUnreadableParameters(ingressClass: IngressClass, reason: string, report: Report): ClassDefaults {
  const subject: Subject = {
    object: `IngressClass ${ingressClass.name}`,
    source: ingressClass.source,
    field: "spec.parameters",
  };
  const remedy = "name a ConfigMap that the controller may read; until then the paths of its Ingresses return 503";
  report("ClassParametersNotFound", subject, `class defaults unreadable: ${reason}`, remedy);
  return { type: "unreadable", reason };
}

function describeMissingConfigMap({ namespace, name }: Reference, { unreadableReferences }: Cluster): string {
  const unreadableReference = unreadableReferences.find(
    (reference) => reference.kind === "ConfigMap" && reference.namespace === namespace && reference.name === name,
  );
  return unreadableReference?.problem ?? `ConfigMap not found: ${namespace}/${name}`;
}
