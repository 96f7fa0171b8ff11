import { ANNOTATION_PREFIXES, LIVE_GENERATION_ANNOTATION } from "../annotation-names.ts";

type Annotations = Readonly<Record<string, string>>;

const [EDGRESS_PREFIX, NGINX_PREFIX, LEGACY_PREFIX] = ANNOTATION_PREFIXES;
const LEGACY_API_VERSION = "extensions/v1beta1";

// Tools write these annotations for themselves. They do not affect the rules.
const TOOL_ANNOTATIONS = [LIVE_GENERATION_ANNOTATION, "kubectl.kubernetes.io/last-applied-configuration"];

/**
 * Returns the annotations of an Ingress that apply. Those with the prefix from before 2018 apply in the API version of that
 * time, or if no annotation has a newer prefix. Otherwise they are for another controller, as ingress-nginx ignores them.
 */
export function selectAnnotations(
  allAnnotations: Annotations,
  apiVersion: string | undefined,
): { annotations: Annotations; ignoredAnnotations?: Annotations } {
  const entries = Object.entries(allAnnotations).filter(([key]) => !TOOL_ANNOTATIONS.includes(key));
  const hasNewerPrefix = entries.some(([key]) => key.startsWith(EDGRESS_PREFIX) || key.startsWith(NGINX_PREFIX));
  const isIgnored = ([key]: [string, string]) => key.startsWith(LEGACY_PREFIX);
  if (!hasNewerPrefix || apiVersion === LEGACY_API_VERSION || !entries.some(isIgnored))
    return { annotations: Object.fromEntries(entries) };
  return {
    annotations: Object.fromEntries(entries.filter((entry) => !isIgnored(entry))),
    ignoredAnnotations: Object.fromEntries(entries.filter(isIgnored)),
  };
}
