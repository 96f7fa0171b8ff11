import type { Meta } from "../object-meta.ts";

// An HTTPRoute with the API server's defaults filled in.
// Source: https://gateway-api.sigs.k8s.io/reference/spec/#httproute (v1).

/** The fields of `metadata` that statuses and precedence need. */
export interface GatewayMeta extends Meta {
  readonly uid: string | undefined;
  readonly generation: number; // 0 in manifests
  readonly created: string | undefined; // RFC 3339
}

export interface TargetReference {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string | undefined; // of the referring object if undefined
}

/** A field with a value that its schema does not have. The object is kept, and its status reports the field. */
export interface UnsupportedField {
  readonly field: string; // "spec.rules[0].filters[1].type"
  readonly problem: string;
  readonly reason?: "IncompatibleFilters"; // UnsupportedValue if absent
}

export interface HttpRoute extends GatewayMeta {
  readonly annotations: Readonly<Record<string, string>>;
  readonly parentRefs: readonly ParentReference[];
  readonly hostnames: readonly string[];
  readonly rules: readonly HttpRouteRule[];
  /** Values of newer APIs, or values that the API server would refuse. The rules they are in are not served. */
  readonly unsupportedFields: readonly UnsupportedField[];
}

export interface ParentReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly sectionName: string | undefined;
  readonly port: number | undefined;
  /** As written in the object, for the status. */
  readonly written: Readonly<Record<string, unknown>>;
}

export interface HttpRouteRule {
  readonly name: string | undefined;
  readonly matches: readonly HttpRouteMatch[]; // at least one
  readonly filters: readonly HttpRouteFilter[];
  readonly backendRefs: readonly HttpBackendRef[];
  readonly timeouts: { readonly request: string | undefined; readonly backendRequest: string | undefined };
  readonly retry: HttpRouteRetry | undefined;
  readonly sessionPersistence: SessionPersistence | undefined;
}

export interface HttpRouteMatch {
  readonly path: { readonly type: string; readonly value: string };
  readonly method: string | undefined;
  readonly headers: readonly ValueMatch[];
  readonly queryParams: readonly ValueMatch[];
}

export interface ValueMatch {
  readonly type: string; // "Exact" or "RegularExpression"
  readonly name: string;
  readonly value: string;
}

export interface HttpBackendRef extends BackendReference {
  readonly weight: number;
  readonly filters: readonly HttpRouteFilter[];
}

/** A reference to a port of a Service. */
export interface BackendReference extends TargetReference {
  readonly port: number | undefined;
}

/** A filter as it is written; the compiler reads the fields of its type. */
export interface HttpRouteFilter {
  readonly type: string;
  readonly requestHeaderModifier?: HeaderModifier;
  readonly responseHeaderModifier?: HeaderModifier;
  readonly requestRedirect?: RequestRedirect;
  readonly urlRewrite?: UrlRewrite;
  readonly requestMirror?: RequestMirror;
  readonly cors?: CorsFilter;
  readonly externalAuth?: ExternalAuthFilter;
  readonly extensionRef?: TargetReference;
}

export interface HeaderModifier {
  readonly set: readonly NamedValue[];
  readonly add: readonly NamedValue[];
  readonly remove: readonly string[];
}

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

export interface RequestRedirect {
  readonly scheme: string | undefined;
  readonly hostname: string | undefined;
  readonly path: PathModifier | undefined;
  readonly port: number | undefined;
  readonly statusCode: number;
}

export interface UrlRewrite {
  readonly hostname: string | undefined;
  readonly path: PathModifier | undefined;
}

/** `type` is "ReplaceFullPath" or "ReplacePrefixMatch"; `value` is the field of that name. */
export interface PathModifier {
  readonly type: string;
  readonly value: string;
  /** Why the API server would refuse the modifier. */
  readonly problem?: string;
}

export interface RequestMirror {
  readonly backendRef: BackendReference;
  /** The share of requests to copy: percent as a fraction of 100. */
  readonly fraction: { readonly numerator: number; readonly denominator: number };
  /** Why the API server would refuse the share. */
  readonly problem?: string;
}

export interface CorsFilter {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly allowCredentials: boolean;
  readonly maxAge: number; // seconds
}

export interface ExternalAuthFilter {
  readonly protocol: string; // "HTTP" or "GRPC"
  readonly backendRef: BackendReference;
  readonly pathPrefix: string;
  readonly allowedHeaders: readonly string[];
  readonly allowedResponseHeaders: readonly string[];
  readonly maxBodyBytes: number; // 0: the body is not sent
}

export interface HttpRouteRetry {
  readonly codes: readonly number[];
  readonly attempts: number | undefined; // retries, not tries
  readonly backoff: string | undefined; // a duration
}

export interface SessionPersistence {
  readonly sessionName: string | undefined;
  readonly type: string; // "Cookie" or "Header"
  readonly absoluteTimeout: string | undefined;
  readonly idleTimeout: string | undefined;
  readonly lifetimeType: string; // "Session" or "Permanent"
}
