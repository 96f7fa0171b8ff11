import * as z from "zod";
import type { IngressBackend } from "../cluster-model.ts";
import { isPresent, objectMetadata, optionalField, optionalList, portNumber } from "../schema-fields.ts";

const resource = optionalField(z.object({ kind: z.string(), name: z.string() }));
// Fields of the other API versions, which the API server drops or rejects.
const olderFields = { serviceName: isPresent, servicePort: isPresent };
const newerFields = { service: isPresent };

const BackendV1 = z
  .object({
    service: optionalField(
      z.object({
        name: z.string().min(1),
        port: optionalField(z.object({ number: optionalField(portNumber), name: optionalField(z.string().min(1)) })),
      }),
    ),
    resource,
    ...olderFields,
  })
  .transform((backend): IngressBackend => {
    const { service } = backend;
    const port = service?.port?.name ?? service?.port?.number;
    if (service && port !== undefined) return { type: "service", name: service.name, port };
    if (service) return rejectBackend(`Service ${service.name} without a port`);
    if (!backend.serviceName && !backend.servicePort) return rejectBackend(describeResource(backend.resource));
    const problem = "backend has serviceName and servicePort, which networking.k8s.io/v1 does not have";
    return { type: "other", problem, remedy: "set service.name, and service.port.number or service.port.name" };
  });

const BackendV1beta1 = z
  .object({
    serviceName: optionalField(z.string().min(1)),
    servicePort: optionalField(z.union([portNumber, z.string().min(1)])),
    resource,
    ...newerFields,
  })
  .transform((backend): IngressBackend => {
    const { serviceName, servicePort } = backend;
    if (serviceName && servicePort !== undefined) return { type: "service", name: serviceName, port: servicePort };
    if (serviceName) return rejectBackend(`Service ${serviceName} without a port`);
    if (!backend.service) return rejectBackend(describeResource(backend.resource));
    const problem = "backend has service, which only networking.k8s.io/v1 has";
    return { type: "other", problem, remedy: "set serviceName and servicePort, or apiVersion: networking.k8s.io/v1" };
  });

function describeResource(object: { kind: string; name: string } | undefined): string {
  return object ? `${object.kind} ${object.name}` : "nothing";
}

function rejectBackend(description: string): IngressBackend {
  const problem = `backend is ${description}, not a Service with a port`;
  return { type: "other", problem, remedy: "set a Service and its port" };
}

const missingBackend = rejectBackend("nothing");

// The default backend has another name in the other API versions.
const olderDefaultBackend: IngressBackend = {
  type: "other",
  problem: "spec.backend is not a field of networking.k8s.io/v1",
  remedy: "set spec.defaultBackend",
};
const newerDefaultBackend: IngressBackend = {
  type: "other",
  problem: "spec.defaultBackend is only a field of networking.k8s.io/v1",
  remedy: "set spec.backend, or apiVersion: networking.k8s.io/v1",
};
const createRulesSchema = (backend: typeof BackendV1 | typeof BackendV1beta1) =>
  optionalList(
    z
      .object({
        host: optionalField(z.string()),
        http: optionalField(
          z.object({
            paths: optionalList(
              z.object({
                path: optionalField(z.string()),
                pathType: optionalField(z.string()),
                backend: backend.nullish().transform((value) => value ?? missingBackend),
              }),
            ),
          }),
        ),
      })
      .transform(({ host, http }) => ({ host, paths: http?.paths ?? [] })),
  );

const tls = optionalList(
  z
    .object({ hosts: optionalList(z.string()), secretName: optionalField(z.string()) })
    .transform(({ hosts, secretName }) => ({ hosts, secretName: secretName || undefined })),
);

const emptySpec = { ingressClassName: undefined, defaultBackend: undefined, tls: [], rules: [] };

/** An Ingress of networking.k8s.io/v1. */
export const IngressV1 = z.object({
  metadata: objectMetadata,
  spec: z
    .object({
      ingressClassName: optionalField(z.string()),
      defaultBackend: optionalField(BackendV1),
      backend: isPresent,
      tls,
      rules: createRulesSchema(BackendV1),
    })
    .transform(({ backend, defaultBackend, ...rest }) => ({
      ...rest,
      defaultBackend: defaultBackend ?? (backend ? olderDefaultBackend : undefined),
    }))
    .nullish()
    .transform((spec) => spec ?? emptySpec),
});

/** An Ingress of networking.k8s.io/v1beta1 or extensions/v1beta1: `spec.backend`, `serviceName`, `servicePort`. */
export const IngressV1beta1 = z.object({
  metadata: objectMetadata,
  spec: z
    .object({
      ingressClassName: optionalField(z.string()),
      backend: optionalField(BackendV1beta1),
      defaultBackend: isPresent,
      tls,
      rules: createRulesSchema(BackendV1beta1),
    })
    .transform(({ backend, defaultBackend, ...rest }) => ({
      ...rest,
      defaultBackend: backend ?? (defaultBackend ? newerDefaultBackend : undefined),
    }))
    .nullish()
    .transform((spec) => spec ?? emptySpec),
});
