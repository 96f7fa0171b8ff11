import type { Reference } from "../../collect/cluster-model.ts";
import type { Gateway, GatewayClass, GatewayListener, ListenerSet } from "../../collect/gateway/gateway-model.ts";
import type { HttpRoute, ParentReference } from "../../collect/gateway/http-route-model.ts";
import type { AttachedRoute, ServedListener } from "./gateway-compilation.ts";

// What the compiler knows of the Gateway API objects of ours: the served parts, and why the others are not served.

/** A reason of the specification, with the problem and its remedy for people. */
export interface ConditionProblem {
  readonly reason: string;
  readonly message: string;
  /** The action that resolves it, in the imperative. */
  readonly remedy: string;
}

/** A GatewayClass with our controller's name. */
export interface JudgedClass {
  readonly gatewayClass: GatewayClass;
  /** Undefined if the class is accepted. */
  readonly rejection: ConditionProblem | undefined;
  /** Undefined if the version of the resource definitions is supported, "unread" if it was not read. */
  readonly versionProblem: ConditionProblem | "unread" | undefined;
}

export interface RouteKind {
  readonly group: string;
  readonly kind: string;
}

/** A Secret of a listener, found or not. */
export interface ListenerSecret {
  readonly name: string; // "namespace/name"
  readonly isUsable: boolean;
}

/** A listener of a Gateway or ListenerSet of ours. */
export interface JudgedListener {
  readonly listener: GatewayListener;
  /** Identifies the listener: its owner as in `ServedListener.owner`, and its name. */
  readonly key: string;
  /** As in `ServedListener.hostname`. */
  readonly hostname: string;
  readonly supportedKinds: readonly RouteKind[];
  /** Another listener has the same port and protocol or hostname. */
  readonly conflict: ConditionProblem | undefined;
  /** A field has an unsupported value. */
  readonly rejection: ConditionProblem | undefined;
  /** A certificate or a kind of route does not exist. */
  readonly unresolved: ConditionProblem | undefined;
  /** Why requests do not reach the listener. Undefined if they do. */
  readonly unprogrammed: ConditionProblem | undefined;
  /** Another HTTPS listener of the Gateway covers a part of the hostname. */
  readonly hasOverlappingHostname: boolean;
  /** The Secrets of an HTTPS listener that it may read. */
  readonly secrets: readonly ListenerSecret[];
  /** The listener, and its copy for the Gateway's address if its hostname is "*". Empty if it is not served. */
  readonly served: readonly ServedListener[];
}

/** A Gateway whose class is ours. */
export interface JudgedGateway {
  readonly gateway: Gateway;
  /** The host name of the Gateway. Undefined if the account has no zone, or if `spec.addresses` has a problem. */
  readonly address: string | undefined;
  /** Undefined if the Gateway may be accepted, depending on its listeners. */
  readonly rejection: ConditionProblem | undefined;
  readonly addressProblem: ConditionProblem | undefined;
  readonly listeners: readonly JudgedListener[];
  /** The number of accepted ListenerSets. */
  readonly attachedListenerSets: number;
}

/** A ListenerSet whose Gateway is ours. */
export interface JudgedListenerSet {
  readonly listenerSet: ListenerSet;
  readonly rejection: ConditionProblem | undefined;
  readonly listeners: readonly JudgedListener[];
}

/** A reference of a route to a parent of ours. */
export interface JudgedParent {
  readonly parentRef: ParentReference["written"];
  /** Undefined if a listener takes the route. */
  readonly rejection: ConditionProblem | undefined;
  /** `JudgedListener.key` of the listeners that take the route, served or not. */
  readonly listenerKeys: readonly string[];
}

/** A route that refers to at least one parent of ours. */
export interface JudgedRoute {
  readonly route: HttpRoute;
  readonly parents: readonly JudgedParent[];
  /** Why no rule of the route is served, for all of its parents. */
  readonly rejection: ConditionProblem | undefined;
  /** Undefined if no served listener takes the route. */
  readonly attached: AttachedRoute | undefined;
}

/** All Gateway API objects of ours, sorted by name. */
export interface GatewayReading {
  readonly classes: readonly JudgedClass[];
  readonly gateways: readonly JudgedGateway[];
  readonly listenerSets: readonly JudgedListenerSet[];
  readonly routes: readonly JudgedRoute[];
  /** Those that requests can reach, with those for the addresses of Gateways. */
  readonly listeners: readonly ServedListener[];
  /** The oldest first. */
  readonly attachedRoutes: readonly AttachedRoute[];
  /** The Secrets that listeners refer to, found or not. */
  readonly references: readonly Reference[];
}
