import type * as z from "zod";
import type { Ingress, IngressClass, ReferenceGrant, Secret, Service } from "./cluster-model.ts";
import { selectAnnotations } from "./ingress/ingress-annotations.ts";
import type { IngressV1 } from "./ingress/ingress-schemas.ts";
import type { Meta } from "./object-meta.ts";
import type { IngressClassObject, ReferenceGrantObject, SecretObject, ServiceObject } from "./schemas.ts";

const NO_CLUSTER_IP = new Set(["", "None"]);
const ACME_SOLVER_LABEL = "acme.cert-manager.io/http01-solver";
const DEFAULT_CLASS_ANNOTATION = "ingressclass.kubernetes.io/is-default-class";

export function buildIngress({ metadata, spec }: z.infer<typeof IngressV1>, meta: Meta, apiVersion: string): Ingress {
  return {
    ...meta,
    uid: metadata.uid,
    ...(metadata.labels[ACME_SOLVER_LABEL] === "true" && { isAcmeSolver: true }),
    ...selectAnnotations(metadata.annotations, apiVersion),
    created: metadata.creationTimestamp,
    className: spec.ingressClassName,
    defaultBackend: spec.defaultBackend,
    tls: spec.tls,
    rules: spec.rules,
  };
}

export function buildIngressClass(
  { metadata, spec }: z.infer<typeof IngressClassObject>,
  { name, source }: Meta,
): IngressClass {
  const isDefault = metadata.annotations[DEFAULT_CLASS_ANNOTATION] === "true";
  return { name, source, controller: spec?.controller, isDefault, parameters: spec?.parameters };
}

export function buildService({ spec, status }: z.infer<typeof ServiceObject>, meta: Meta): Service {
  return {
    ...meta,
    type: spec?.type,
    externalName: spec?.externalName,
    isHeadless: spec?.clusterIP === "None" || spec?.clusterIPs[0] === "None",
    ports: spec?.ports ?? [],
    externalIPs: spec?.externalIPs ?? [],
    clusterIPs: [...new Set([spec?.clusterIP ?? "", ...(spec?.clusterIPs ?? [])])].filter(
      (ip) => !NO_CLUSTER_IP.has(ip),
    ),
    loadBalancer: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
  };
}

export function buildSecret({ type, data, stringData }: z.infer<typeof SecretObject>, meta: Meta): Secret {
  const dataEntries = Object.entries(data).map(([key, value]) => [
    key,
    Buffer.from(value, "base64").toString("latin1"),
  ]);
  const stringDataEntries = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(value).toString("latin1"),
  ]);
  return { ...meta, type, data: Object.fromEntries([...dataEntries, ...stringDataEntries]) };
}

/** An empty name means all objects, as in the Gateway API. */
export function buildReferenceGrant({ spec }: z.infer<typeof ReferenceGrantObject>, meta: Meta): ReferenceGrant {
  return {
    ...meta,
    from: spec.from,
    to: spec.to.map(({ group, kind, name }) => ({ group, kind, name: name || undefined })),
  };
}
