import type { ClassParameters, Cluster, ConfigMap, Ingress, IngressClass, Reference } from "../collect/cluster.ts";
import { PREFIXES } from "./annotations.ts";
import type { Report, Subject } from "./diagnostic.ts";
import { known } from "./known.ts";
import type { Recall } from "./memory.ts";
import type { Options } from "./options.ts";
import { CLASS_ANNOTATION, nameOf } from "./select.ts";

/** What an IngressClass says for Ingresses that don't say it themselves: annotations without prefix, from its ConfigMap. */
export type ClassSettings =
  | { readonly type: "read"; readonly values: Readonly<Record<string, string>> }
  | { readonly type: "unread"; readonly because: string };

/** The settings of each class of ours that has some, by its name, and the ConfigMaps that they stand in. */
export interface ClassesSettings {
  readonly byClass: ReadonlyMap<string, ClassSettings>;
  readonly references: readonly Reference[];
}

// They speak of one Ingress: what it is, or which names it has.
const NOT_FOR_A_CLASS = /^(canary|server-alias$|from-to-www-redirect$|accept-degraded$)/;

/** Reads the settings of our classes. What cannot be read of them is reported, once for all of their Ingresses. */
export function classSettings(cluster: Cluster, options: Options, recall: Recall): ClassesSettings {
  const configMaps = new Map(cluster.configMaps.map((configMap) => [nameOf(configMap), configMap]));
  const classes = cluster.classes.flatMap((ingressClass) => {
    const { controller, parameters } = ingressClass;
    if (!parameters || controller !== options.controller) return [];
    const reference = referenceOf(parameters, options);
    const found = reference
      ? (configMaps.get(nameOf(reference)) ?? absence(reference, cluster))
      : "they are no ConfigMap";
    const settings = recall("settings", ingressClass, [found], (own) => settingsOf(ingressClass, found, own));
    return [{ name: ingressClass.name, settings, reference }];
  });
  return {
    byClass: new Map(classes.map(({ name, settings }) => [name, settings])),
    references: classes.flatMap(({ reference }) => reference ?? []),
  };
}

function referenceOf({ kind, name, namespace }: ClassParameters, options: Options): Reference | undefined {
  if (kind !== "ConfigMap") return undefined;
  return { kind, namespace: namespace ?? options.namespace ?? "default", name };
}

/** The settings in what was found: a ConfigMap, or why there is none. */
function settingsOf(ingressClass: IngressClass, found: ConfigMap | string, report: Report): ClassSettings {
  return typeof found === "string" ? unread(ingressClass, found, report) : settingsIn(found, report);
}

/** The name of the class that an Ingress of ours is of, whether it says so or not. */
export function classNameOf(ingress: Ingress, { classes }: Cluster, options: Options): string {
  const isDefault = (one: IngressClass) => one.isDefault && one.controller === options.controller;
  const named = ingress.className ?? ingress.annotations[CLASS_ANNOTATION];
  return named ?? classes.find(isDefault)?.name ?? options.ingressClass;
}

/** An Ingress with what its class says where it says nothing itself, under whichever prefix. */
export function withClassSettings(ingress: Ingress, settings: ClassSettings | undefined): Ingress {
  if (settings?.type !== "read") return ingress;
  const added = Object.entries(settings.values).filter(([name]) => !isWritten(ingress, name));
  const annotations = Object.fromEntries(added.map(([name, text]) => [PREFIXES[0] + name, text]));
  return added.length === 0 ? ingress : { ...ingress, annotations: { ...ingress.annotations, ...annotations } };
}

function isWritten({ annotations }: Ingress, name: string): boolean {
  const { name: canonical, row } = known.get(name) ?? { name, row: undefined };
  const names = [canonical, ...(row?.aliases ?? [])];
  return names.some((own) => PREFIXES.some((prefix) => annotations[prefix + own] !== undefined));
}

/** A guard's value stays even where it cannot be read, so that it closes what it would have protected. */
function settingsIn(configMap: ConfigMap, report: Report): ClassSettings {
  const values = Object.entries(configMap.data).filter(([name, text]) => {
    const subject = { object: `ConfigMap ${nameOf(configMap)}`, source: configMap.source, field: `data.${name}` };
    const row = known.get(name)?.row;
    if (!row || NOT_FOR_A_CLASS.test(name)) {
      const remedy = "name an annotation without its prefix, or remove it";
      report("AnnotationUnknown", subject, "there is no such setting of a class, so it means nothing here", remedy);
      return false;
    }
    const value = row.parse(text.trim());
    if (value.ok) return true;
    report("AnnotationInvalid", subject, value.problem, `write it like ${JSON.stringify(row.example)}`);
    return row.guards === true;
  });
  return { type: "read", values: Object.fromEntries(values) };
}

function unread(ingressClass: IngressClass, because: string, report: Report): ClassSettings {
  const subject: Subject = {
    object: `IngressClass ${ingressClass.name}`,
    source: ingressClass.source,
    field: "spec.parameters",
  };
  const remedy = "name a ConfigMap that the sync job may read; until then the paths of its Ingresses answer 503";
  report("SettingsMissing", subject, `the settings of the class cannot be read: ${because}`, remedy);
  return { type: "unread", because };
}

function absence({ namespace, name }: Reference, { unread }: Cluster): string {
  const known = unread.find((one) => one.kind === "ConfigMap" && one.namespace === namespace && one.name === name);
  return known?.problem ?? `there is no ConfigMap ${namespace}/${name}`;
}
