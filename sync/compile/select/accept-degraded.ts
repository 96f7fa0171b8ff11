import { readAcceptedNames } from "../../../src/rules/policies/accept-degraded.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { Diagnostic, Report, Subject } from "../diagnostics.ts";
import type { IngressClaims, IngressConfig } from "../model.ts";
import { annotationCatalog, failsClosed, stripAnnotationPrefix } from "./annotation-catalog.ts";

export const ACCEPT_DEGRADED = "accept-degraded";

/**
 * Whether an Ingress is to be served although the edge cannot do what one of its annotations asks for. Only for what
 * cannot be had: a guard that cannot be read closes its paths all the same.
 */
export function acceptsDegraded(annotation: string, { annotations }: IngressConfig): boolean {
  return (
    failsClosed(annotation) &&
    listAcceptedNames(annotations).some((acceptedName) => annotationCatalog.get(acceptedName)?.name === annotation)
  );
}

/** Whether an Ingress sets `accept-degraded`. */
export function setsAcceptDegraded({ owner }: IngressClaims): boolean {
  return listAcceptedNames(owner.annotations).length > 0;
}

/** Reports what `accept-degraded` names in vain: what is no annotation, closes nothing, or is not asked for. */
export function reportUnusedAcceptances(
  acceptingClaims: readonly IngressClaims[],
  diagnostics: readonly Diagnostic[],
  report: Report,
): void {
  if (acceptingClaims.length === 0) return;
  const degradedFields = new Set(
    diagnostics.filter(({ reason }) => reason === "UnsupportedAnnotation").map(({ object, field }) => object + field),
  );
  for (const { ingress, annotations } of acceptingClaims.map(({ owner }) => owner)) {
    const subject = buildAnnotationSubject(ingress, annotations.findKey(ACCEPT_DEGRADED));
    for (const name of listAcceptedNames(annotations)) {
      const canonicalName = annotationCatalog.get(name)?.name ?? name;
      const { object, field } = buildAnnotationSubject(ingress, annotations.findKey(canonicalName));
      if (failsClosed(name) && degradedFields.has(object + field)) continue;
      const problem = failsClosed(name)
        ? `${name} closes nothing here`
        : `${name} is no annotation whose paths would be closed`;
      report("InvalidAnnotation", subject, problem, `take ${name} out of the list`);
    }
  }
}

function listAcceptedNames({ values }: IngressConfig["annotations"]): string[] {
  return readAcceptedNames(values).map((name) => stripAnnotationPrefix(name) ?? name);
}

function buildAnnotationSubject(ingress: IngressConfig["ingress"], key: string | undefined): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: `metadata.annotations[${key}]` };
}
