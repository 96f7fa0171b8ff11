/** What compiling needs of a cluster, in one spelling whatever API version the objects were written in. */
export interface Cluster {
  readonly ingresses: readonly Ingress[];
  readonly classes: readonly IngressClass[];
  readonly services: readonly Service[];
  readonly secrets: readonly Secret[];
  readonly configMaps: readonly ConfigMap[];
  /** Objects that could not be read: reported, and otherwise as if they were not there. */
  readonly invalidObjects: readonly InvalidObject[];
  /** Secrets and ConfigMaps that may be there, but could not be had: what asks for one is refused, and told why. */
  readonly unreadableReferences: readonly UnreadableReference[];
  /** Whether `secrets` holds those of `spec.tls`. Where they are not read, nothing is said of one that is missing. */
  readonly certificates: "known" | "unknown";
}

export interface Meta {
  readonly namespace: string;
  readonly name: string;
  /** Where it was read, for people: "shop.yaml:12", or the API's path. */
  readonly source: string;
}

export interface Ingress extends Meta {
  readonly annotations: Readonly<Record<string, string>>;
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

/** A backend as an Ingress names it: a Service's port by number or name, or something that is no Service. */
export type IngressBackend =
  | { readonly type: "service"; readonly name: string; readonly port: number | string }
  | { readonly type: "other"; readonly description: string };

export interface IngressClass {
  readonly name: string;
  readonly source: string;
  readonly controller: string | undefined;
  readonly isDefault: boolean;
  /** What holds its settings. */
  readonly parameters: ClassParameters | undefined;
}

/** `spec.parameters`: an object by its kind and name. */
export interface ClassParameters {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string | undefined;
}

export interface Service extends Meta {
  readonly type: string | undefined;
  readonly ports: readonly ServicePort[];
  readonly externalIPs: readonly string[];
  /** The addresses that it has within the cluster; none where it is headless. */
  readonly clusterIPs: readonly string[];
  /** Addresses or names from `status.loadBalancer.ingress`. */
  readonly loadBalancer: readonly string[];
}

export interface ServicePort {
  readonly name: string | undefined;
  readonly port: number;
  readonly targetPort: number | string | undefined;
  readonly protocol: string;
}

export interface Secret extends Meta {
  readonly type: string | undefined;
  readonly data: Readonly<Record<string, string>>; // decoded: byte strings, one character a byte
}

export interface ConfigMap extends Meta {
  readonly data: Readonly<Record<string, string>>;
}

/** An object that rules may refer to, by name. */
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
  /** Those of an Ingress, as far as they can be read. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** "namespace/name" of an object. */
export function nameOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}
