import type { GatewayAddress } from "../../collect/gateway/gateway-model.ts";
import type { HttpRoute, ParentReference } from "../../collect/gateway/http-route-model.ts";

// The types between the Gateway API objects and their claims and statuses, in the order of the stages.

/** The protocol, scheme and port that a listener serves: HTTP on 80, or HTTPS on 443. */
export type ListenerScheme = "http" | "https";

/**
 * A listener of a Gateway or ListenerSet of ours that requests can reach. It holds no object, because a new status of a
 * Gateway must not change its routes.
 */
export interface ServedListener {
  /** "namespace/name" of the Gateway. */
  readonly gateway: string;
  /** The object that has the listener: "Gateway namespace/name" or "ListenerSet namespace/name". */
  readonly owner: string;
  readonly name: string;
  readonly scheme: ListenerScheme;
  /**
   * "*" for any host, "shop.example.com", or "*.example.com" for all names below example.com. A Gateway's address is the
   * host name of further listeners, which take the routes of its listeners for any host.
   */
  readonly hostname: string;
  /** The address, for a listener that serves it. No other Gateway answers it. */
  readonly addressOf?: string;
}

/** A listener that takes a route, and the host names that both have. */
export interface Attachment {
  readonly listener: ServedListener;
  /** The intersected names in the form of `ServedListener.hostname`; at least one. */
  readonly hostnames: readonly string[];
}

/** An HTTPS listener with the Secrets of its certificates, and with the hosts of its routes if it is served. */
export interface HttpsListener {
  readonly owner: string; // "Gateway namespace/name" or "ListenerSet namespace/name"
  /** The Secrets ("namespace/name") that it refers to and may read, found or not. */
  readonly secrets: readonly string[];
  readonly hosts: readonly {
    /** In the form of `ServedListener.hostname`. */
    readonly host: string;
    readonly route: string; // "HTTPRoute namespace/name"
  }[];
}

/** A route with at least one attachment. */
export interface AttachedRoute {
  readonly route: HttpRoute;
  readonly attachments: readonly Attachment[];
}

/** A condition of a status, without its times. */
export interface StatusCondition {
  readonly type: string;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** What the rules of a route lack. It does not depend on the parent. */
export interface RouteRuleProblem {
  /** "ResolvedRefs": a reference is unresolved. "Accepted": a value is not supported, so its rule is not served. */
  readonly condition: "ResolvedRefs" | "Accepted";
  /** A reason of the specification: "BackendNotFound", "UnsupportedValue". */
  readonly reason: string;
  readonly message: string;
  readonly field: string; // "spec.rules[0].backendRefs[1]"
  /** The rule that is not served. Undefined for an unresolved reference, whose rule is. */
  readonly droppedRule?: number;
}

/** The statuses that the objects get once the rules are published. */
export interface GatewayStatuses {
  readonly gatewayClasses: readonly GatewayClassStatus[];
  readonly gateways: readonly GatewayStatus[];
  readonly listenerSets: readonly GatewayStatus[];
  readonly httpRoutes: readonly HttpRouteStatus[];
}

/** The identity of an object, and the generation of the object that was compiled. */
export interface StatusTarget {
  readonly namespace: string; // "" for a GatewayClass
  readonly name: string;
  readonly uid: string | undefined;
  readonly generation: number;
}

export interface GatewayClassStatus extends StatusTarget {
  readonly conditions: readonly StatusCondition[];
  readonly supportedFeatures: readonly string[]; // sorted
}

/** The status of a Gateway or ListenerSet. */
export interface GatewayStatus extends StatusTarget {
  readonly conditions: readonly StatusCondition[];
  readonly listeners: readonly ListenerStatus[];
  /** The addresses of a Gateway. Undefined for a ListenerSet. */
  readonly addresses?: readonly GatewayAddress[];
  readonly attachedListenerSets?: number;
}

export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly { readonly group: string; readonly kind: string }[];
  readonly attachedRoutes: number;
  readonly conditions: readonly StatusCondition[];
}

export interface HttpRouteStatus extends StatusTarget {
  /** One entry for each reference to a parent of ours. */
  readonly parents: readonly {
    readonly parentRef: ParentReference["written"];
    readonly conditions: readonly StatusCondition[];
  }[];
}
