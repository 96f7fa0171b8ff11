import type { Asked, Owner } from "./claims.ts";
import type { Diagnostic, Report, Subject } from "./diagnostic.ts";
import { bareName, closesRoutes, known } from "./known.ts";
import { nameOf } from "./select.ts";

export const ACCEPT = "accept-degraded";

/**
 * Whether an Ingress is to be served although the edge cannot do what one of its annotations asks for. Only for what
 * cannot be had: a guard that cannot be read closes its paths all the same.
 */
export function isAccepted(annotation: string, { read }: Owner): boolean {
  return closesRoutes(annotation) && acceptedBy(read).some((name) => known.get(name)?.name === annotation);
}

/** Reports what `accept-degraded` names in vain: what is no annotation, closes nothing, or is not asked for. */
export function reportNeedless(asked: readonly Asked[], diagnostics: readonly Diagnostic[], report: Report): void {
  const degraded = new Set(
    diagnostics.filter(({ reason }) => reason === "AnnotationUnsupported").map(({ object, field }) => object + field),
  );
  const accepting = asked.map(({ owner }) => owner).filter(({ read }) => acceptedBy(read).length > 0);
  for (const { ingress, read } of accepting) {
    const subject = subjectOf(ingress, read.keyOf(ACCEPT));
    for (const name of acceptedBy(read)) {
      const canonical = known.get(name)?.name ?? name;
      const { object, field } = subjectOf(ingress, read.keyOf(canonical));
      if (closesRoutes(name) && degraded.has(object + field)) continue;
      const problem = closesRoutes(name)
        ? `${name} closes nothing here`
        : `${name} is no annotation whose paths would be closed`;
      report("AnnotationInvalid", subject, problem, `take ${name} out of the list`);
    }
  }
}

function acceptedBy({ values }: Owner["read"]): string[] {
  const names = values.unsupported[ACCEPT];
  return Array.isArray(names) ? names.map((name: string) => bareName(name) ?? name) : [];
}

function subjectOf(ingress: Owner["ingress"], key: string | undefined): Subject {
  return { object: `Ingress ${nameOf(ingress)}`, source: ingress.source, field: `metadata.annotations[${key}]` };
}
