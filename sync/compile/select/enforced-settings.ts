import { intersectIpRanges } from "../../../src/rules/addresses.ts";
import { basicAuthAnnotations } from "../../../src/rules/policies/basic-auth.ts";
import type { CompiledPolicy } from "../../../src/rules/policies/compiled-policies.ts";
import { externalAuthAnnotations } from "../../../src/rules/policies/external-auth-annotations.ts";
import { ANNOTATION_PREFIXES } from "../../collect/annotation-names.ts";
import { type Ingress, nameOf } from "../../collect/cluster-model.ts";
import type { Report } from "../diagnostics.ts";
import { annotationCatalog, stripAnnotationPrefix } from "./annotation-catalog.ts";

/** Class settings that no Ingress weakens: canonical annotation names. */
export type EnforcedNames = ReadonlySet<string>;

const ALLOW_LIST = "whitelist-source-range";
const DENY_LIST = "denylist-source-range";
const SATISFY = "satisfy";

/**
 * Returns an Ingress without the annotations that would weaken the enforced settings of its class. The class's values take
 * their place. Lists of addresses are combined: a client must be in both allow lists, and in no deny list.
 */
export function applyEnforcedSettings(
  ingress: Ingress,
  classValues: Readonly<Record<string, string>>,
  enforcedNames: EnforcedNames,
  report: Report,
): Ingress {
  if (enforcedNames.size === 0) return ingress;
  const satisfiesAny = classValues[SATISFY]?.trim().toLowerCase() === "any";
  const frozenGroups = new Set([...enforcedNames].map((name) => findGroup(name, satisfiesAny)));
  const isFrozen = (name: string) =>
    frozenGroups.has(findGroup(name, satisfiesAny)) || (name === SATISFY && restrictsAccess(enforcedNames));
  const entries = Object.entries(ingress.annotations).flatMap(([key, text]): [string, string][] => {
    const name = findCanonicalName(key);
    if (name === undefined || !isFrozen(name)) return [[key, text]];
    reportOverridden(ingress, key, text, findValue(classValues, name), name, report);
    return [];
  });
  const classEntries = Object.entries(classValues).flatMap(([key, text]): [string, string][] => {
    const name = annotationCatalog.get(key)?.name ?? key;
    return isFrozen(name) ? [[ANNOTATION_PREFIXES[0] + name, combineLists(ingress, name, text)]] : [];
  });
  return { ...ingress, annotations: { ...Object.fromEntries(entries), ...Object.fromEntries(classEntries) } };
}

function restrictsAccess(names: EnforcedNames): boolean {
  return [...names].some((name) => combinesChecks(annotationCatalog.get(name)?.policy));
}

/** Whether `satisfy` combines the checks of a policy. */
function combinesChecks(policy: CompiledPolicy | undefined): boolean {
  return policy !== undefined && SATISFY in policy.annotations;
}

/** Returns the group of annotations that only the class sets if it enforces one of them. */
function findGroup(name: string, satisfiesAny: boolean): string {
  const policy = annotationCatalog.get(name)?.policy;
  if (!policy || !combinesChecks(policy)) return policy?.protects ? policy.name : name;
  // With `satisfy: any`, each check of the Ingress would be an alternative to those of the class.
  if (satisfiesAny) return policy.name;
  if (name in basicAuthAnnotations) return "password";
  return name in externalAuthAnnotations ? "auth-url" : name;
}

/** Returns the class's list, combined with the Ingress's own: an unreadable or empty result closes the paths. */
function combineLists(ingress: Ingress, name: string, classText: string): string {
  const ownKey = Object.keys(ingress.annotations).find((key) => findCanonicalName(key) === name);
  const ownText = ownKey && ingress.annotations[ownKey];
  if (ownText === undefined) return classText;
  if (name === DENY_LIST) return `${classText},${ownText}`;
  if (name !== ALLOW_LIST) return classText;
  const [classRanges, ownRanges] = [splitList(classText), splitList(ownText)];
  return intersectIpRanges(classRanges, ownRanges)?.join(",") ?? ownText;
}

function splitList(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

function findCanonicalName(key: string): string | undefined {
  const name = stripAnnotationPrefix(key);
  return name === undefined ? undefined : annotationCatalog.get(name)?.name;
}

function findValue(classValues: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(classValues).find(([key]) => annotationCatalog.get(key)?.name === name)?.[1];
}

function reportOverridden(
  ingress: Ingress,
  key: string,
  text: string,
  classText: string | undefined,
  name: string,
  report: Report,
): void {
  if (text.trim() === classText?.trim() || (classText !== undefined && [ALLOW_LIST, DENY_LIST].includes(name))) return;
  const subject = {
    object: `Ingress ${nameOf(ingress)}`,
    source: ingress.source,
    field: `metadata.annotations[${key}]`,
  };
  const problem = "overridden by the IngressClass, which enforces its own setting";
  report("OverriddenAnnotation", subject, problem, "remove it, or ask your edgress administrator to change the class");
}
