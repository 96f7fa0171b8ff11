/**
 * Why part of an object did not become rules, or not in the way its author may expect. The key is the reason of the
 * Kubernetes Event that it becomes. Errors cost a route or an object; warnings and notes do not. What spoils an Ingress
 * is in its own text, whatever else is in the cluster: one that was good before is then served as it was.
 */
export const diagnosticReasons = {
  InvalidObject: {
    severity: "error",
    isIngressError: true,
    doc: "The object, or a field of it, is not what its API version says.",
  },
  InvalidHost: {
    severity: "error",
    isIngressError: true,
    doc: "A rule's host is not a DNS name; the rule is left out.",
  },
  InvalidPath: {
    severity: "error",
    isIngressError: true,
    doc: "A path or pathType is not one that Kubernetes takes; the path is left out.",
  },
  UnsafeRegex: {
    severity: "error",
    isIngressError: true,
    doc: "A path's expression is invalid, too long or could take very long to match; the path is left out.",
  },
  PathConflict: {
    severity: "warning",
    doc: "An older Ingress, or an earlier path, has the same host, path and type; it keeps them.",
  },
  HostAliasConflict: {
    severity: "warning",
    doc: "A further name of a host belongs to another host, or an older Ingress names those of the host; it is left out.",
  },
  ClaimNotPermitted: {
    severity: "error",
    doc: "The namespace may not claim the host or path; what asks for it is left out, and costs nothing else.",
  },
  RouteQuotaExceeded: {
    severity: "error",
    doc: "The namespace has as many routes as it may have; the path, host or further name is left out.",
  },
  UnsupportedBackend: {
    severity: "error",
    isIngressError: true,
    doc: "The backend is not a Service with a port; the path is left out.",
  },
  IngressTooLarge: {
    severity: "error",
    isIngressError: true,
    doc: "An Ingress would take more of a host's rules than one may; its paths of that host answer 503, or are left out.",
  },
  TooManyAddresses: {
    severity: "warning",
    doc: "A Service has more external addresses than the edge tries; the first ones count.",
  },
  ServiceNotFound: { severity: "error", doc: "There is no such Service; the path answers 503." },
  ServicePortNotFound: { severity: "error", doc: "The Service has no such port; the path answers 503." },
  NoExternalAddress: { severity: "error", doc: "The Service has no external address; the path answers 503." },
  InvalidExternalAddress: { severity: "warning", doc: "An external address of the Service is none; it is left out." },
  OriginNotPermitted: {
    severity: "error",
    doc: "An external address of the Service may not be an origin; it is left out.",
  },
  PortNotProxied: { severity: "error", doc: "Cloudflare does not proxy the Service's port; the path answers 503." },
  PortVisibleInHost: { severity: "note", doc: "The origin sees the port in Host, since it is not the scheme's own." },
  HostNotInZone: {
    severity: "warning",
    doc: "The host lies in no zone of the account, so no request for it will come.",
  },
  InvalidAnnotation: {
    severity: "warning",
    doc: "An annotation's value cannot be read; it is as if it were not there.",
  },
  PartiallySupported: { severity: "note", doc: "An annotation does less here than in ingress-nginx." },
  RouteFailedClosed: {
    severity: "error",
    doc: "What a route must not do without cannot be read, or cannot be had at the edge; its paths answer 503.",
  },
  UnsupportedAnnotation: {
    severity: "warning",
    doc: "The edge cannot do what an annotation asks for; the paths are served without it.",
  },
  UnknownAnnotation: {
    severity: "warning",
    doc: "There is no such annotation, or no longer: it means nothing, and may be misspelt.",
  },
  ForeignAnnotation: { severity: "note", doc: "The annotation is another controller's, and means nothing here." },
  ConflictingAnnotations: {
    severity: "warning",
    doc: "The same annotation stands under two prefixes with two values.",
  },
  TLSSecretNotFound: {
    severity: "note",
    doc: "There is no such TLS Secret; the edge's own certificate serves, and http is still sent to https.",
  },
  CanaryIgnored: {
    severity: "warning",
    doc: "A canary's path has no other Ingress of its namespace to take requests from, or another canary does; it takes none.",
  },
  ServingLastGood: {
    severity: "warning",
    doc: "The Ingress does not compile and once did: a cluster's sync job serves it as it was then.",
  },
  IngressClassConflict: {
    severity: "note",
    doc: "spec.ingressClassName and the class annotation differ; the field counts.",
  },
  ClassParametersNotFound: {
    severity: "error",
    doc: "The settings that an IngressClass's parameters name cannot be read; the paths of its Ingresses answer 503.",
  },
  IngressClassNotFound: {
    severity: "note",
    doc: "There is no IngressClass object of the name; it is taken by its name.",
  },
} as const satisfies Record<string, { severity: Severity; doc: string; isIngressError?: true }>;

export type Severity = "error" | "warning" | "note";
export type Reason = keyof typeof diagnosticReasons;

/** Whether an Ingress with such a diagnostic does not compile, by its own text alone. */
export function isIngressError(reason: Reason): boolean {
  return "isIngressError" in diagnosticReasons[reason];
}

/** The object and field that a diagnostic speaks of. */
export interface Subject {
  readonly object: string; // "Ingress namespace/name"
  readonly source: string; // where it was read
  readonly field: string;
}

export interface Diagnostic extends Subject {
  readonly reason: Reason;
  /** What is the matter. */
  readonly problem: string;
  /** What to do about it. */
  readonly remedy: string;
}

export type Report = (reason: Reason, subject: Subject, problem: string, remedy: string) => void;

/** A value with the diagnostics of its making. */
export interface Reported<T> {
  readonly value: T;
  readonly diagnostics: readonly Diagnostic[];
}

/** Makes a value, and collects the diagnostics that are reported meanwhile. */
export function collectDiagnostics<T>(make: (report: Report) => T): Reported<T> {
  const diagnostics: Diagnostic[] = [];
  const value = make((reason, subject, problem, remedy) => {
    diagnostics.push({ reason, ...subject, problem, remedy });
  });
  return { value, diagnostics };
}

/** A diagnostic as one line. */
export function formatDiagnostic({ reason, object, field, problem, remedy, source }: Diagnostic): string {
  return `${diagnosticReasons[reason].severity} ${object} ${field}: ${problem}; ${remedy} (${reason}, ${source})`.replace(
    /\s+/g,
    " ",
  );
}
