import type { CompiledPolicyName } from "../../src/rules/policies/compiled-policies.ts";
import type { Address, Backend, Rules } from "../../src/rules/snapshot.ts";
import type { Ingress, IngressBackend, Reference, RejectedRecord, Service } from "../collect/cluster-model.ts";
import type { HostPermit } from "../permits/model.ts";
import type { Reason } from "./diagnostic-reasons.ts";
import type { Diagnostic, Subject } from "./diagnostics.ts";
import type { GatewayStatuses, HttpsListener } from "./gateway/gateway-compilation.ts";
import type { HttpRouteClaim } from "./gateway/rules/route-claim.ts";
import type { RegexUse } from "./regex-verdict.ts";
import type { IgnoredIngress } from "./select/ignored-ingresses.ts";

// The types between an Ingress and its rules, in the order of the stages.

/** An Ingress's annotations, parsed once for all of its paths. */
export interface ParsedAnnotations {
  /** The parsed values of each policy, by annotation. */
  readonly values: Readonly<Record<CompiledPolicyName, Readonly<Record<string, unknown>>>>;
  /** Why every route answers 503: the first guard that is unreadable or not read. */
  readonly closingReason: string | undefined;
  readonly isLegacy: (annotation: string) => boolean;
  /** Returns the full key of an annotation, with the first prefix that is set. */
  readonly findKey: (annotation: string) => string | undefined;
  /** Whether the class of the Ingress enforces the annotation. */
  readonly isEnforced: (annotation: string) => boolean;
}

/** A selected Ingress with its parsed annotations. */
export interface IngressConfig {
  readonly ingress: Ingress;
  readonly annotations: ParsedAnnotations;
}

/** A route that an Ingress requests, before conflicts are resolved. */
export interface Claim {
  readonly owner: IngressConfig;
  readonly id: string;
  readonly host: string;
  readonly path: string; // "/" if the Ingress sets none
  readonly type: "exact" | "prefix" | "full-regex"; // the last one of an HTTPRoute only
  /** Undefined for a host without a default backend: the route applies its policies and returns 404. */
  readonly backend: (IngressBackend & { type: "service" }) | undefined;
  /** Policies that do not apply, even if an annotation sets them. */
  readonly excludedPolicies: readonly CompiledPolicyName[];
  readonly permit: HostPermit;
  readonly subject: Subject;
  /** Undefined for a path of an Ingress. */
  readonly httpRoute?: HttpRouteClaim;
}

/** A host that an Ingress names, with or without paths. */
export interface HostClaim {
  readonly host: string;
  readonly permit: HostPermit;
}

/** The hosts and routes that one Ingress requests. */
export interface IngressClaims {
  readonly owner: IngressConfig;
  readonly hosts: readonly HostClaim[];
  readonly claims: readonly Claim[];
  /** The hosts are names of others, below a wildcard of an HTTPRoute. They are last, and count as hosts of no namespace. */
  readonly isInherited?: true;
}

/** A host after conflicts are resolved, with the claims that become its routes. */
export interface HostGrant {
  readonly host: string;
  readonly ownership: Ownership;
  readonly claims: readonly Claim[];
}

/** Ingresses whose namespaces may claim all of a host, or a redirect to another host. */
export type WholeHostOwnership =
  | { readonly type: "full"; readonly owners: readonly IngressConfig[] } // the oldest first, at least one
  | { readonly type: "www-redirect"; readonly to: string }; // set by from-to-www-redirect

/** The right to a host. If all of its namespaces are limited to paths, another host serves the other paths. */
export type Ownership =
  | WholeHostOwnership
  | { readonly type: "paths"; readonly fallback: { host: string; ownership: WholeHostOwnership } | undefined };

/** The protocol of an origin, from backend-protocol. */
export type BackendProtocol = "http" | "https" | "auto";

/** A Service and the addresses at which the edge reaches it. */
export interface ServiceAddresses {
  readonly service: Service;
  readonly addresses: Address[];
  /** Addresses without a DNS record, by zone. */
  readonly rejectedRecords: readonly RejectedRecord[];
  readonly notes: readonly BackendNote[];
}

/** A diagnostic of a backend. Its subject is the path, unless the note has its own. */
export interface BackendNote {
  readonly reason: Reason;
  readonly problem: string;
  readonly remedy: string;
  readonly subject?: Subject;
}

/** A backend and its id in routes. */
export interface ResolvedBackend {
  readonly id: string;
  readonly backend: Backend;
}

/** The result of compiling a cluster. */
export interface Compilation {
  readonly rules: Rules;
  /** Our Ingresses, by "namespace/name". */
  readonly ingresses: ReadonlyMap<string, Ingress>;
  /** All other Ingresses, sorted by name. */
  readonly ignoredIngresses: readonly IgnoredIngress[];
  /** Without duplicates, in an order that depends only on the cluster. */
  readonly diagnostics: readonly Diagnostic[];
  /** Every Secret and ConfigMap that an annotation or class names, found or not, without duplicates, sorted. */
  readonly references: readonly Reference[];
  /** Every regex whose verdict the rules depend on, without duplicates, sorted. */
  readonly regexes: readonly RegexUse[];
  /** The tokens of all secrets in the rules, and of those in rules that were left out. */
  readonly secretTokens: readonly string[];
  /** The statuses of Gateway API objects, to be written once the rules are published. */
  readonly gateway: GatewayStatuses;
  readonly httpsListeners: readonly HttpsListener[];
}

/** Returns the Ingresses that set the policies and the default backend of a host, the oldest first. */
export function listOwners({ ownership }: Pick<HostGrant, "ownership">): readonly IngressConfig[] {
  const whole = ownership.type === "paths" ? ownership.fallback?.ownership : ownership;
  return whole?.type === "full" ? whole.owners : [];
}
