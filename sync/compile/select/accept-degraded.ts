import { readAcceptedNames } from "../../../src/rules/policies/accept-degraded.ts";
import { nameOf } from "../../collect/cluster-model.ts";
import type { Diagnostic, Report, Subject } from "../diagnostics.ts";
import type { IngressClaims, IngressConfig } from "../model.ts";
import { annotationCatalog, failsClosed, stripAnnotationPrefix } from "./annotation-catalog.ts";
import { isUnreadGuard } from "./unread-guards.ts";

export const ACCEPT_DEGRADED = "accept-degraded";

/**
 * Whether an Ingress is served although the edge does not support one of its fail-closed annotations. Applies to
 * unsupported annotations only: an unreadable guard always closes its paths.
 */
export function acceptsDegraded(annotation: string, { annotations }: IngressConfig): boolean {
  return (
    failsClosed(annotation) &&
    !annotations.isEnforced(annotation) &&
    listAcceptedNames(annotations).some((acceptedName) => annotationCatalog.get(acceptedName)?.name === annotation)
  );
}

/** Whether an Ingress sets `accept-degraded`. */
export function setsAcceptDegraded({ owner }: IngressClaims): boolean {
  return listAcceptedNames(owner.annotations).length > 0;
}

/** Reports names in `accept-degraded` that are unknown, do not fail closed, or are not set on the Ingress. */
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
      const { object, field } = buildAnnotationSubject(ingress, annotations.findKey(canonicalName) ?? name);
      const problem = findAcceptanceProblem(name, degradedFields.has(object + field));
      if (problem !== undefined) report("InvalidAnnotation", subject, problem, `remove ${name} from the list`);
    }
  }
}

function findAcceptanceProblem(name: string, isDegraded: boolean): string | undefined {
  if (!failsClosed(name) && !isUnreadGuard(name)) return `unknown or not a fail-closed annotation: ${name}`;
  return isDegraded ? undefined : `${name} does not close any path of this Ingress`;
}

function listAcceptedNames({ values }: IngressConfig["annotations"]): string[] {
  return readAcceptedNames(values).map((name) => stripAnnotationPrefix(name) ?? name);
}

function buildAnnotationSubject(ingress: IngressConfig["ingress"], key: string | undefined): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: `metadata.annotations[${key}]` };
}
