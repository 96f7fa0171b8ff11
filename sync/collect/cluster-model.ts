import type { GatewayObjects } from "./gateway/gateway-model.ts";
import type { Meta } from "./object-meta.ts";

/** The parts of a cluster that affect the rules, independent of the API version of each object. */
export interface Cluster {
  readonly ingresses: readonly Ingress[];
  readonly classes: readonly IngressClass[];
  readonly services: readonly Service[];
  readonly secrets: readonly Secret[];
  readonly configMaps: readonly ConfigMap[];
  readonly referenceGrants: readonly ReferenceGrant[];
  /** The Gateway API objects. Without its resource definitions, all lists are empty. */
  readonly gateway: GatewayObjects;
  /** Invalid objects. They are reported and otherwise ignored. */
  readonly invalidObjects: readonly InvalidObject[];
  /** Secrets and ConfigMaps that may exist but could not be read. Policies that refer to them fail. */
  readonly unreadableReferences: readonly UnreadableReference[];
  /** Addresses without a DNS record. Routes do not use them in the zone. */
  readonly rejectedRecords?: readonly RejectedRecord[];
  /**
   * The certificates that `secrets` includes: those of `spec.tls` and of listeners, or only those of listeners. A missing one
   * of them is reported.
   */
  readonly certificates: "known" | "of-listeners" | "unknown";
}

/** A DNS record that Cloudflare rejected, or that exceeds the quota of its namespace. */
export interface RejectedRecord {
  readonly zone: string;
  readonly label: string; // first label of the record's name
  readonly reason: "DNSRecordRejected" | "DNSRecordQuotaExceeded";
  readonly problem: string;
}

export interface Ingress extends Meta {
  /** An HTTPRoute that claims hosts as an Ingress does. Its rules and hosts are in its claims only. */
  readonly ownerKind?: "HTTPRoute";
  readonly uid: string | undefined; // undefined in most manifests
  /** Whether cert-manager created it to answer a challenge of ACME HTTP-01. */
  readonly isAcmeSolver?: true;
  readonly annotations: Readonly<Record<string, string>>;
  /** Annotations with the prefix from before 2018 that do not apply. They are not in `annotations`. */
  readonly ignoredAnnotations?: Readonly<Record<string, string>>;
  readonly created: string | undefined; // RFC 3339
  readonly className: string | undefined;
  readonly defaultBackend: IngressBackend | undefined;
  readonly tls: readonly IngressTls[];
  readonly rules: readonly IngressRule[];
}

export interface IngressTls {
  readonly hosts: readonly string[];
  readonly secretName: string | undefined;
}

export interface IngressRule {
  readonly host: string | undefined;
  readonly paths: readonly IngressPath[];
}

export interface IngressPath {
  readonly path: string | undefined;
  readonly pathType: string | undefined;
  readonly backend: IngressBackend;
}

/** A backend of an Ingress: a Service with a port number or name, or an unsupported backend. */
export type IngressBackend =
  | { readonly type: "service"; readonly name: string; readonly port: number | string }
  | { readonly type: "other"; readonly problem: string; readonly remedy: string };

export interface IngressClass {
  readonly name: string;
  readonly source: string;
  readonly controller: string | undefined;
  readonly isDefault: boolean;
  /** A reference to the object with the settings of the class. */
  readonly parameters: ClassParameters | undefined;
}

/** `spec.parameters`: an object by its kind and name. */
export interface ClassParameters {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface Service extends Meta {
  readonly type: string | undefined; // ClusterIP if undefined
  /** The DNS name of a Service of type ExternalName. */
  readonly externalName: string | undefined;
  /** Whether it has no cluster IP by choice. */
  readonly isHeadless: boolean;
  readonly ports: readonly ServicePort[];
  readonly externalIPs: readonly string[];
  /** Addresses inside the cluster. Empty for a headless Service. */
  readonly clusterIPs: readonly string[];
  /** Addresses or names from `status.loadBalancer.ingress`. */
  readonly loadBalancer: readonly string[];
}

export interface ServicePort {
  readonly name: string | undefined;
  readonly port: number;
  readonly targetPort: number | string | undefined;
  readonly appProtocol?: string | undefined; // "kubernetes.io/h2c"
  readonly protocol: string;
}

export interface Secret extends Meta {
  readonly type: string | undefined;
  readonly data: Readonly<Record<string, string>>; // decoded to binary strings: one character per byte
}

export interface ConfigMap extends Meta {
  readonly data: Readonly<Record<string, string>>;
}

/** A ReferenceGrant: objects of other namespaces may refer to objects of its namespace. */
export interface ReferenceGrant extends Meta {
  readonly from: readonly Referrer[];
  readonly to: readonly GrantedTarget[];
}

/** The objects of a kind in a namespace. */
export interface Referrer {
  readonly group: string; // "networking.k8s.io"
  readonly kind: string;
  readonly namespace: string;
}

/** An object of a kind, or all of them. */
export interface GrantedTarget {
  readonly group: string; // "" for the core group
  readonly kind: string;
  readonly name: string | undefined; // undefined for all
}

/** The name of a Secret or ConfigMap that an Ingress refers to. */
export interface Reference {
  readonly kind: "Secret" | "ConfigMap";
  readonly namespace: string;
  readonly name: string;
}

export interface UnreadableReference extends Reference {
  readonly problem: string;
}

export interface InvalidObject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly source: string;
  readonly field: string;
  readonly problem: string;
  /** Annotations of the Ingress, if they are readable. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** Returns "namespace/name". */
export function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}
