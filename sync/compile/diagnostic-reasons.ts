import { addressReasons } from "./address-reasons.ts";
import { gatewayReasons } from "./gateway-reasons.ts";
import { hostReasons } from "./host-reasons.ts";
import { rolloutReasons } from "./rollout-reasons.ts";

/**
 * Why a part of an object did not become rules, or not as its author may expect. The key is the reason of the
 * Kubernetes Event. An error drops a route or an object; a warning or note does not. `isIngressError`: the error is in
 * the Ingress itself, so its last good version is served.
 */
export const diagnosticReasons = {
  InvalidObject: {
    severity: "error",
    isIngressError: true,
    doc: "The object or one of its fields does not match its API version; it is dropped.",
  },
  InvalidHost: {
    severity: "error",
    isIngressError: true,
    doc: "A rule's host is not a DNS name; the rule is dropped.",
  },
  InvalidPath: {
    severity: "error",
    isIngressError: true,
    doc: "A path or pathType is invalid; the path is dropped.",
  },
  UnsafeRegex: {
    severity: "error",
    isIngressError: true,
    doc: "A regex is invalid, too long or too slow to match; the path, or the rule of an HTTPRoute, is dropped.",
  },
  RegexLimitExceeded: {
    severity: "error",
    doc: "The host has too many quadratic regexes, or the namespace too many regexes; the path is dropped.",
  },
  PathConflict: {
    severity: "warning",
    doc: "An older Ingress or an earlier path already has the same host, path and path type; this path is ignored.",
  },
  HostAliasConflict: {
    severity: "warning",
    doc: "An alias belongs to another host, or an older Ingress sets the host's aliases; the alias is ignored.",
  },
  ClaimNotPermitted: {
    severity: "error",
    doc: "The permits do not allow the namespace to claim the host or path; the claim is dropped.",
  },
  HostOwnerConflict: {
    severity: "error",
    doc: "With --exclusive-hosts, the host belongs to another namespace; the claim or alias is dropped.",
  },
  RouteQuotaExceeded: {
    severity: "error",
    doc: "The namespace has reached its route quota; the path, host or alias is dropped.",
  },
  NamespaceSizeExceeded: {
    severity: "error",
    doc: "The routes of the namespace exceed its bytes; the paths of its newest Ingresses return 503 or are dropped.",
  },
  UnsupportedBackend: {
    severity: "error",
    isIngressError: true,
    doc: "The backend is not a Service with a port; the path is dropped, or the rule of an HTTPRoute returns 500.",
  },
  IngressTooLarge: {
    severity: "error",
    isIngressError: true,
    doc: "The Ingress exceeds its size limit, or that of a host; its routes return 503 or are dropped.",
  },
  TooManyAddresses: {
    severity: "warning",
    doc: "A Service has more external addresses than the limit; the first ones are used.",
  },
  ServiceNotFound: {
    severity: "error",
    doc: "The Service does not exist; the path returns 503, or the HTTPRoute 500.",
  },
  ServicePortNotFound: { severity: "error", doc: "The Service does not have the port; the path returns 503." },
  NoExternalAddress: { severity: "error", doc: "The Service has no external address; the path returns 503." },
  InvalidExternalAddress: {
    severity: "warning",
    doc: "A Service address is not a valid IP address or name; it is skipped.",
  },
  OriginNotPermitted: {
    severity: "error",
    doc: "A Service address is not permitted as an origin; it is skipped.",
  },
  ReferenceNotPermitted: {
    severity: "error",
    doc: "An HTTPRoute or an annotation refers to a Service of another namespace without a ReferenceGrant or a permit; the rule returns 500, the annotation has no effect or closes its paths.",
  },
  UngrantedReference: {
    severity: "note",
    doc: "An annotation refers to a Service of another namespace without a ReferenceGrant. It is allowed because there are no permits.",
  },
  HostHeaderNotPermitted: {
    severity: "error",
    doc: "An annotation sets a Host header that the namespace may not claim; the client's Host is sent.",
  },
  ...addressReasons,
  PortNotProxied: { severity: "error", doc: "Cloudflare does not proxy the Service's port; the path returns 503." },
  UnreachableChallenge: {
    severity: "warning",
    doc: "A challenge of cert-manager (ACME HTTP-01) is not reachable through the edge; the path returns 503.",
  },
  PortVisibleInHost: {
    severity: "note",
    doc: "The origin sees the port in Host, because it is not the default port of the scheme.",
  },
  HostNotInZone: {
    severity: "warning",
    doc: "The host is in no zone of the account, so no request for it arrives.",
  },
  ...hostReasons,
  InvalidAnnotation: {
    severity: "warning",
    doc: "An annotation's value is unreadable; the annotation is ignored.",
  },
  OverriddenAnnotation: {
    severity: "warning",
    doc: "The IngressClass enforces its own setting; the annotation of the Ingress is ignored.",
  },
  PartiallySupported: { severity: "note", doc: "An annotation does less than in ingress-nginx." },
  RouteFailedClosed: {
    severity: "error",
    doc: "A guard is unreadable, or a required annotation is unsupported; the paths return 503.",
  },
  UnsupportedAnnotation: {
    severity: "warning",
    doc: "The edge does not support an annotation; the paths are served without it.",
  },
  UnknownAnnotation: {
    severity: "warning",
    doc: "Unknown or removed annotation; ignored. Check the spelling.",
  },
  LegacyAnnotation: {
    severity: "warning",
    doc: "The annotation's prefix is from before 2018, and the Ingress has annotations of a newer prefix; ignored.",
  },
  ForeignAnnotation: { severity: "note", doc: "The annotation belongs to another controller; ignored." },
  ConflictingAnnotations: {
    severity: "warning",
    doc: "The same annotation is set under two prefixes with different values.",
  },
  TLSSecretNotFound: {
    severity: "note",
    doc: "The TLS Secret does not exist; the edge's certificate is used, and http still redirects to https.",
  },
  CanaryIgnored: {
    severity: "warning",
    doc: "A canary has no matching primary in its namespace, or another canary already has the path; it gets no requests.",
  },
  ServingLastGood: {
    severity: "warning",
    doc: "The Ingress has errors; its last good version is still served.",
  },
  BlockedRemoval: {
    severity: "warning",
    doc: "A mass deletion is blocked; removed routes of the Ingress stay published until it is approved.",
  },
  ChangePinned: {
    severity: "error",
    doc: "A rollback is active; changed routes of the Ingress are not published until `edgress resume`.",
  },
  ...rolloutReasons,
  GuardNotPublished: {
    severity: "error",
    doc: "A rollback is active, and its rules lack a guard that the Ingress sets; its paths are served without it.",
  },
  IngressClassConflict: {
    severity: "note",
    doc: "spec.ingressClassName and the class annotation differ; the field wins.",
  },
  ClassParametersNotFound: {
    severity: "error",
    doc: "The class defaults of an IngressClass are unreadable; the paths of its Ingresses return 503.",
  },
  IngressClassNotFound: {
    severity: "note",
    doc: "No IngressClass object of the name exists; the class is matched by its name.",
  },
  MisspelledIngressClass: {
    severity: "warning",
    doc: "The class has no IngressClass object and is nearly the name of our class; the Ingress is ignored.",
  },
  ClosedIngress: {
    severity: "warning",
    doc: "Every path of the Ingress returns 503; it gets no status address until one of them serves.",
  },
  ...gatewayReasons,
} as const satisfies Record<string, { severity: Severity; doc: string; isIngressError?: true }>;

export type Severity = "error" | "warning" | "note";
export type Reason = keyof typeof diagnosticReasons;

/** Whether the diagnostic reports an error in the Ingress itself, independent of other objects. */
export function isIngressError(reason: Reason): boolean {
  return "isIngressError" in diagnosticReasons[reason];
}
