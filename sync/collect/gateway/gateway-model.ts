import type { GatewayMeta, HttpRoute, ParentReference, TargetReference, UnsupportedField } from "./http-route-model.ts";

// The Gateway API objects of a cluster, with the API server's defaults filled in. Field paths are those of the API.
// Source: https://gateway-api.sigs.k8s.io/reference/spec/ (v1).

export interface GatewayClass extends GatewayMeta {
  readonly controllerName: string;
  readonly parametersRef: TargetReference | undefined;
}

export interface Gateway extends GatewayMeta {
  readonly className: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly listeners: readonly GatewayListener[];
  readonly addresses: readonly GatewayAddress[];
  readonly infrastructureParametersRef: TargetReference | undefined;
  /** Which ListenerSets it takes: `spec.allowedListeners.namespaces`. */
  readonly allowedListenerSets: NamespaceScope;
  /** Fields that must not be ignored, such as `spec.tls.frontend`. Listeners that they affect are not served. */
  readonly unsupportedFields?: readonly UnsupportedField[];
}

export interface ListenerSet extends GatewayMeta {
  readonly parentRef: ParentReference;
  readonly listeners: readonly GatewayListener[];
  readonly unsupportedFields?: readonly UnsupportedField[];
}

export interface GatewayAddress {
  readonly type: string; // "IPAddress" or "Hostname"
  readonly value: string; // "" for any address
}

export interface GatewayListener {
  readonly name: string;
  readonly hostname: string | undefined; // undefined and "" match every host
  readonly port: number;
  readonly protocol: string;
  readonly tls: ListenerTls | undefined;
  readonly allowedNamespaces: NamespaceScope;
  /** Undefined for the kinds of the protocol. */
  readonly allowedKinds: readonly { readonly group: string; readonly kind: string }[] | undefined;
}

export interface ListenerTls {
  readonly mode: string;
  readonly certificateRefs: readonly TargetReference[];
  readonly options: Readonly<Record<string, string>>;
}

export type NamespaceScope =
  | { readonly from: "Same" | "All" | "None" }
  | { readonly from: "Selector"; readonly selector: LabelSelector };

export interface LabelSelector {
  readonly matchLabels: Readonly<Record<string, string>>;
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values: readonly string[];
  }[];
}

/** A Namespace's labels, for listeners that select namespaces. */
export interface NamespaceLabels {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface BackendTlsPolicy extends GatewayMeta {
  readonly targetRefs: readonly { readonly kind: string; readonly name: string; readonly sectionName?: string }[];
  readonly hostname: string;
  readonly usesSystemCertificates: boolean;
}

/** The definition of a kind of the Gateway API. */
export interface GatewayDefinition {
  readonly name: string; // "gatewayclasses.gateway.networking.k8s.io"
  readonly bundleVersion: string; // "" without the annotation
}

/** All Gateway API objects. Empty in a cluster without the resource definitions. */
export interface GatewayObjects {
  readonly gatewayClasses: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly listenerSets: readonly ListenerSet[];
  readonly httpRoutes: readonly HttpRoute[];
  readonly backendTlsPolicies: readonly BackendTlsPolicy[];
  readonly namespaces: readonly NamespaceLabels[];
  /** The version of the resource definitions. "" if they have none, undefined if it was not read. */
  readonly bundleVersion?: string;
}
