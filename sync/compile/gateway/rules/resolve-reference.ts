import type { BackendReference } from "../../../collect/gateway/http-route-model.ts";
import type { BackendResolution } from "../../backends/services.ts";
import type { Reason } from "../../diagnostic-reasons.ts";
import type { HostCompilation } from "../../hosts/host-compilation.ts";
import type { Claim } from "../../model.ts";
import { type BrokenReference, followReference } from "./service-reference.ts";

/** A backend; or the status of requests to a reference without one, as in the specification. */
export type ReferenceResolution =
  | Extract<BackendResolution, { ok: true }>
  | { readonly ok: false; readonly status: 500 | 503; readonly problem: string };

const REASONS: Readonly<Record<BrokenReference["reason"], Reason>> = {
  InvalidKind: "UnsupportedBackend",
  RefNotPermitted: "ReferenceNotPermitted",
  BackendNotFound: "ServiceNotFound",
  UnsupportedProtocol: "UnsupportedBackend",
};

/** Resolves a reference of an HTTPRoute, and reports its problems. A Service without addresses answers 503. */
export function resolveReference(
  reference: BackendReference,
  claim: Claim,
  field: string,
  { index, resolve, report }: HostCompilation,
): ReferenceResolution {
  const subject = { ...claim.subject, field };
  const port = followReference(reference, claim.owner.ingress.namespace, index, claim.host);
  if (!port.ok) {
    report(REASONS[port.reason], subject, port.problem, `${port.remedy}; until then its requests get 500`);
    return { ok: false, status: 500, problem: port.problem };
  }
  const resolution = resolve(port.namespace, port.backend, port.protocol);
  for (const note of resolution.notes) report(note.reason, note.subject ?? subject, note.problem, note.remedy);
  return resolution.ok ? resolution : { ok: false, status: 503, problem: resolution.problem };
}
