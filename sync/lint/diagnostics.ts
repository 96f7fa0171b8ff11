import { type Diagnostic, type Reason, reasons } from "../compile/diagnostic.ts";
import { bareName, known } from "../compile/known.ts";
import type { Finding, Kind } from "./finding.ts";
import { at, type PathAt, readValue, type Survey, urlOf } from "./survey.ts";

// What is as it was in ingress-nginx, or is not served and yet costs nothing.
const KINDS: Partial<Record<Reason, Kind>> = {
  AnnotationUnsupported: "unsupported",
  AnnotationInvalid: "quirk",
  AnnotationUnknown: "quirk",
  PathTaken: "quirk",
  PortInHost: "differs",
};
const BY_SEVERITY = { error: "error", warning: "differs", note: "quirk" } as const;

/** What ingress-nginx answers where the edge has nothing to forward to. */
const IN_NGINX: Partial<Record<Reason, string>> = {
  BackendNotFound: "503",
  PortNotFound: "503",
  AddressMissing: "the Service's Pods",
  PortNotProxied: "the Service's Pods",
};

/** A diagnostic as a finding, with a URL of the path or Ingress that it speaks of. */
export function findingOf(diagnostic: Diagnostic, survey: Survey): Finding {
  const { reason, object, field, source, problem, remedy } = diagnostic;
  const kind = KINDS[reason] ?? BY_SEVERITY[reasons[reason].severity];
  const finding = { rule: reason, object, field, source, kind, message: `${problem}; ${remedy}` };
  const place = placeOf(diagnostic, survey);
  if (!place || (reason !== "PortInHost" && kind !== "error")) return finding;
  const url = urlOf(place, place.path);
  if (reason === "PortInHost") return { ...finding, url, ...hostsSeen(place, url) };
  const nginx = hadInNginx(diagnostic, survey) ?? IN_NGINX[reason];
  return { ...finding, url, ...(nginx !== undefined && { nginx }) };
}

/** The path that a diagnostic names, or for an annotation the Ingress's first. */
function placeOf({ object, field }: Diagnostic, { ingresses }: Survey): PathAt | undefined {
  const surveyed = ingresses.find(({ ingress }) => at(ingress, "").object === object);
  if (field.startsWith("metadata.annotations")) return surveyed?.paths[0];
  return surveyed?.paths.find((path) => field.startsWith(`${path.field}.`));
}

/** What can be read and cannot be had here could be had there. */
function hadInNginx({ object, field }: Diagnostic, { ingresses }: Survey): string | undefined {
  const surveyed = ingresses.find(({ ingress }) => at(ingress, "").object === object);
  const found = known.get(bareName(/^metadata\.annotations\[(.*)\]$/.exec(field)?.[1] ?? "") ?? "");
  if (!surveyed || found?.row.nearness !== "never") return undefined;
  return readValue(surveyed.read, found) === undefined ? undefined : `served, with ${found.name}`;
}

function hostsSeen({ route }: PathAt, url: string): Pick<Finding, "nginx" | "edgress"> {
  const { host } = new URL(url);
  return { nginx: `Host: ${host}`, edgress: `Host: ${host}:${route.backend?.split(":").at(-1)}` };
}
