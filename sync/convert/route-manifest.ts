// Gateway API objects as people write them. Fields with the default of the API server are left out.

export interface RouteManifest {
  readonly apiVersion: "gateway.networking.k8s.io/v1";
  readonly kind: "HTTPRoute";
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly parentRefs: readonly ParentManifest[];
    readonly hostnames?: readonly string[];
    readonly rules: readonly RuleManifest[];
  };
}

export interface ParentManifest {
  readonly name: string;
  readonly namespace: string;
  readonly sectionName?: string;
}

export interface RuleManifest {
  readonly matches: readonly MatchManifest[];
  readonly filters?: readonly FilterManifest[];
  readonly backendRefs?: readonly BackendManifest[];
}

export interface MatchManifest {
  readonly path: { readonly type: "Exact" | "PathPrefix" | "RegularExpression"; readonly value: string };
  readonly headers?: readonly { readonly name: string; readonly value: string }[];
}

export interface BackendManifest {
  readonly name: string;
  readonly port: number;
  readonly weight?: number;
}

/** A filter: its type, and the field of that type. */
export type FilterManifest = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A part of an Ingress that has no counterpart, or one that differs. */
export interface ConversionGap {
  readonly object: string; // "Ingress namespace/name"
  readonly field: string;
  readonly problem: string;
  /** Whether the Ingress stays as it is, because the part must not be lost. */
  readonly keepsIngress: boolean;
}
