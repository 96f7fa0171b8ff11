import { replacedAnnotations } from "../../../../src/rules/policies/replaced-annotations.ts";
import { ANNOTATION_PREFIXES } from "../../../collect/annotation-names.ts";
import { type ConfigMap, type Ingress, nameOf } from "../../../collect/cluster-model.ts";
import type { HttpRoute } from "../../../collect/gateway/http-route-model.ts";
import type { Report } from "../../diagnostics.ts";
import { stripAnnotationPrefix } from "../../select/annotation-catalog.ts";

const OWN_PREFIX = ANNOTATION_PREFIXES[0];

/**
 * Returns an HTTPRoute as the owner of claims: its metadata, and its annotations under `edgress.dev/`. Annotations are
 * reported and left out if an HTTPRoute has a field for their effect.
 */
export function buildOwner(route: HttpRoute, report: Report): Ingress {
  const { namespace, name, source, uid, created } = route;
  const entries = Object.entries(route.annotations).filter(
    ([key]) => key.startsWith(OWN_PREFIX) && !reportReplaced(route, key, report),
  );
  return {
    ...{ ownerKind: "HTTPRoute", namespace, name, source, uid, created, annotations: Object.fromEntries(entries) },
    ...{ className: undefined, defaultBackend: undefined, tls: [], rules: [] },
  };
}

/** Returns an owner with the data of ConfigMaps as further annotations. They override those of the route. */
export function addSettings(owner: Ingress, configMaps: readonly ConfigMap[]): Ingress {
  const entries = configMaps.flatMap(({ data }) => Object.entries(data));
  const settings = Object.fromEntries(entries.map(([name, text]) => [OWN_PREFIX + name, text]));
  return { ...owner, annotations: { ...owner.annotations, ...settings } };
}

function reportReplaced(route: HttpRoute, key: string, report: Report): boolean {
  const replacement = replacedAnnotations.get(stripAnnotationPrefix(key) ?? "");
  if (replacement === undefined) return false;
  const subject = { object: `HTTPRoute ${nameOf(route)}`, source: route.source, field: `metadata.annotations[${key}]` };
  report("UnsupportedAnnotation", subject, "it does not apply to HTTPRoutes; ignored", `use ${replacement}`);
  return true;
}
