import * as z from "zod";
import type { IngressBackend } from "./cluster-model.ts";

// Loose schemas: other fields are allowed and ignored. Null is the same as absent.

const optional = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);
const optionalList = <T extends z.ZodType>(type: T) =>
  z
    .array(type)
    .nullish()
    .transform((items) => items ?? []);
const optionalStringMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((values) => values ?? {});
const portNumber = z.int().min(1).max(65535);

/** The fields that identify an object in reports. The namespace defaults to "default", as in kubectl. */
export const Identity = z.object({
  apiVersion: optional(z.string()),
  kind: z.string(),
  metadata: z.object({ name: z.string().min(1), namespace: optional(z.string()) }),
});

const metadata = z.object({
  uid: optional(z.string()),
  annotations: optionalStringMap,
  creationTimestamp: optional(z.iso.datetime({ offset: true })),
});

/** The annotations of an object that may be invalid otherwise. */
export const AnnotatedObject = z.object({
  apiVersion: optional(z.string()),
  metadata: z.object({ annotations: optionalStringMap }),
});

const BackendV1 = z
  .object({
    service: optional(
      z.object({
        name: z.string().min(1),
        port: optional(z.object({ number: optional(portNumber), name: optional(z.string().min(1)) })),
      }),
    ),
    resource: optional(z.object({ kind: z.string(), name: z.string() })),
  })
  .transform(({ service, resource }): IngressBackend => {
    if (service) {
      const port = service.port?.name ?? service.port?.number;
      if (port !== undefined) return { type: "service", name: service.name, port };
      return { type: "other", description: `Service ${service.name} without a port` };
    }
    return { type: "other", description: resource ? `${resource.kind} ${resource.name}` : "nothing" };
  });

const BackendV1beta1 = z
  .object({
    serviceName: optional(z.string().min(1)),
    servicePort: optional(z.union([portNumber, z.string().min(1)])),
    resource: optional(z.object({ kind: z.string(), name: z.string() })),
  })
  .transform(({ serviceName, servicePort, resource }): IngressBackend => {
    if (serviceName && servicePort !== undefined) return { type: "service", name: serviceName, port: servicePort };
    if (serviceName) return { type: "other", description: `Service ${serviceName} without a port` };
    return { type: "other", description: resource ? `${resource.kind} ${resource.name}` : "nothing" };
  });

const missingBackend: IngressBackend = { type: "other", description: "nothing" };

const createRulesSchema = (backend: typeof BackendV1 | typeof BackendV1beta1) =>
  optionalList(
    z
      .object({
        host: optional(z.string()),
        http: optional(
          z.object({
            paths: optionalList(
              z.object({
                path: optional(z.string()),
                pathType: optional(z.string()),
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
    .object({ hosts: optionalList(z.string()), secretName: optional(z.string()) })
    .transform(({ hosts, secretName }) => ({ hosts, secretName: secretName || undefined })),
);

const emptySpec = { ingressClassName: undefined, defaultBackend: undefined, tls: [], rules: [] };

/** An Ingress of networking.k8s.io/v1. */
export const IngressV1 = z.object({
  metadata,
  spec: z
    .object({
      ingressClassName: optional(z.string()),
      defaultBackend: optional(BackendV1),
      tls,
      rules: createRulesSchema(BackendV1),
    })
    .nullish()
    .transform((spec) => spec ?? emptySpec),
});

/** An Ingress of networking.k8s.io/v1beta1 or extensions/v1beta1: `spec.backend`, `serviceName`, `servicePort`. */
export const IngressV1beta1 = z.object({
  metadata,
  spec: z
    .object({
      ingressClassName: optional(z.string()),
      backend: optional(BackendV1beta1),
      tls,
      rules: createRulesSchema(BackendV1beta1),
    })
    .transform(({ backend, ...rest }) => ({ ...rest, defaultBackend: backend }))
    .nullish()
    .transform((spec) => spec ?? emptySpec),
});

export const IngressClassObject = z.object({
  metadata,
  spec: z
    .object({
      controller: optional(z.string()),
      parameters: optional(z.object({ kind: z.string(), name: z.string(), namespace: optional(z.string()) })),
    })
    .nullish(),
});

export const ServiceObject = z.object({
  spec: z
    .object({
      type: optional(z.string()),
      externalIPs: optionalList(z.string()),
      clusterIP: optional(z.string()), // the only field before Kubernetes 1.20
      clusterIPs: optionalList(z.string()),
      ports: optionalList(
        z.object({
          name: optional(z.string()),
          port: portNumber,
          targetPort: optional(z.union([z.int(), z.string()])),
          protocol: z
            .string()
            .nullish()
            .transform((value) => value ?? "TCP"),
        }),
      ),
    })
    .nullish(),
  status: z
    .object({
      loadBalancer: z
        .object({ ingress: optionalList(z.object({ ip: optional(z.string()), hostname: optional(z.string()) })) })
        .nullish(),
    })
    .nullish(),
});

export const SecretObject = z.object({
  type: optional(z.string()),
  data: optionalStringMap,
  stringData: optionalStringMap,
});

/** A ReferenceGrant of gateway.networking.k8s.io/v1 or v1beta1. */
export const ReferenceGrantObject = z.object({
  spec: z.object({
    from: optionalList(z.object({ group: z.string(), kind: z.string(), namespace: z.string() })),
    to: optionalList(z.object({ group: z.string(), kind: z.string(), name: optional(z.string()) })),
  }),
});

export const ConfigMapObject = z.object({ data: optionalStringMap });
