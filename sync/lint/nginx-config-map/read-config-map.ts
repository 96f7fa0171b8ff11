import { closest, distance } from "fastest-levenshtein";
import { type ConfigMap, nameOf } from "../../collect/cluster-model.ts";
import { annotationCatalog } from "../../compile/select/annotation-catalog.ts";
import type { Finding } from "../findings/finding.ts";
import type { CloudflarePlan } from "../knowledge/cloudflare-limits.ts";
import { describeDifference } from "../knowledge/value-differences.ts";
import { harmlessReasons } from "./harmless-keys.ts";
import { describeLostSettings, TRACING_KEY } from "./lost-settings.ts";

/** The class settings of ingress-nginx's ConfigMap, and what the edge makes of each key. */
export interface NginxSettings {
  /** Class defaults: annotations without prefix, with their values. */
  readonly classDefaults: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
}

/** The result for one key. */
interface KeyResult extends Pick<Finding, "kind" | "message" | "remedy"> {
  readonly classDefault?: readonly [annotation: string, text: string];
}

/** Keys whose annotation has another name. */
const RENAMED_KEYS: ReadonlyMap<string, string> = new Map([
  ["location-snippet", "configuration-snippet"],
  ["enable-owasp-modsecurity-crs", "enable-owasp-core-rules"],
  ["block-cidrs", "denylist-source-range"],
]);
const GLOBAL_AUTH = "global-auth-";
const NON_IDEMPOTENT = "error timeout non_idempotent";

/** Reads each key of the ConfigMap: it is applied, has no effect, or is reported with what it changes. */
export function readNginxConfigMap(configMap: ConfigMap, plan: CloudflarePlan): NginxSettings {
  const results = Object.entries(configMap.data).map(([key, value]) => ({ key, ...readKey(key, value, plan) }));
  return {
    classDefaults: joinDefaults(results.flatMap(({ classDefault }) => (classDefault ? [classDefault] : []))),
    findings: results.map(({ key, kind, message, remedy }) => ({
      ...{ rule: "nginx-config-map" as const, kind, message },
      ...(remedy !== undefined && { remedy }),
      ...{ object: `ConfigMap ${nameOf(configMap)}`, field: `data.${key}`, source: configMap.source },
    })),
  };
}

/** Two keys can have the same annotation only if both are lists: block-cidrs and denylist-source-range. */
function joinDefaults(classDefaults: readonly (readonly [annotation: string, text: string])[]): Record<string, string> {
  const texts = new Map<string, string>();
  for (const [annotation, text] of classDefaults) {
    const earlier = texts.get(annotation);
    texts.set(annotation, earlier === undefined ? text : `${earlier},${text}`);
  }
  return Object.fromEntries(texts);
}

function readKey(key: string, value: string, plan: CloudflarePlan): KeyResult {
  if (key === "disable-access-log") return applyFlag(value, ["enable-access-log", "false"], plan);
  if (key === "retry-non-idempotent") return applyFlag(value, ["proxy-next-upstream", NON_IDEMPOTENT], plan);
  const describeLost = describeLostSettings.get(key);
  if (describeLost) {
    const lost = describeLost(value);
    if (!lost) return { kind: "unchanged", message: "no effect: the edge does the same" };
    return { kind: lost.kind, message: lost.problem, remedy: lost.remedy };
  }
  const harmlessReason = harmlessReasons.get(key);
  if (harmlessReason !== undefined) return { kind: "unchanged", message: `no effect: ${harmlessReason}` };
  if (TRACING_KEY.test(key))
    return {
      kind: "note",
      message: "the edge sends no traces of nginx",
      remedy: "export traces of the Worker at Cloudflare",
    };
  const annotation = findAnnotation(key);
  return annotation === undefined ? describeUnknownKey(key) : applyAnnotation(annotation, value, plan);
}

function findAnnotation(key: string): string | undefined {
  const name = RENAMED_KEYS.get(key) ?? (key.startsWith(GLOBAL_AUTH) ? `auth-${key.slice(GLOBAL_AUTH.length)}` : key);
  return annotationCatalog.get(name)?.policy.allowedAsClassDefault ? name : undefined;
}

function applyFlag(value: string, classDefault: readonly [string, string], plan: CloudflarePlan): KeyResult {
  if (value.trim() !== "true") return { kind: "unchanged", message: "no effect: the edge does the same" };
  return applyAnnotation(...classDefault, plan);
}

/** An empty value is the default of ingress-nginx. */
function applyAnnotation(annotation: string, value: string, plan: CloudflarePlan): KeyResult {
  const entry = annotationCatalog.get(annotation);
  if (!entry || value.trim() === "") return { kind: "unchanged", message: "no effect: the value is empty" };
  const { name, row } = entry;
  const classDefault = [annotation, value] as const;
  const parsed = row.parse(value.trim());
  const applied = `applied as the class default ${name}`;
  if (!parsed.ok)
    return { kind: "different", message: `invalid value: ${parsed.problem}`, remedy: "correct it", classDefault };
  if (row.support === "no-op") return { kind: "unchanged", message: `no effect: ${row.difference ?? row.doc}` };
  if (row.support === "ignored")
    return { kind: "unsupported", message: "unsupported setting", remedy: row.difference ?? row.doc };
  if (row.support === "fail-closed") return { kind: "different", message: describeClosing(applied), classDefault };
  const difference = row.support === "partial" ? describeDifference(name, parsed.value, row, plan) : undefined;
  if (difference !== undefined) return { kind: "different", message: `${applied}. ${difference}`, classDefault };
  return { kind: "unchanged", message: applied, classDefault };
}

function describeClosing(applied: string): string {
  return `${applied}, which closes paths if the edge does not support the value`;
}

function describeUnknownKey(key: string): KeyResult {
  const annotations = [...annotationCatalog.keys()].filter((name) => findAnnotation(name) !== undefined);
  const knownKeys = [...describeLostSettings.keys(), ...harmlessReasons.keys(), ...annotations];
  const suggestion = closest(key, knownKeys);
  const isNear = distance(key, suggestion) <= Math.max(2, Math.floor(key.length / 4));
  return {
    kind: "note",
    message: "unknown key",
    remedy: isNear ? `did you mean ${suggestion}?` : "check what it changes",
  };
}
