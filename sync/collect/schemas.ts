import * as z from "zod";
import type { IngressBackend } from "./cluster.ts";

// Loose schemas: they read what compiling needs, and let every other field be. A null is as good as absent.

const absent = <T extends z.ZodType>(type: T) => type.nullish().transform((value) => value ?? undefined);
const list = <T extends z.ZodType>(type: T) =>
  z
    .array(type)
    .nullish()
    .transform((items) => items ?? []);
const texts = z
  .record(z.string(), z.string())
  .nullish()
  .transform((values) => values ?? {});
const portNumber = z.int().min(1).max(65535);

/** What any object must have to be named in a report. A namespace that is not given is "default", as with kubectl. */
export const Identity = z.object({
  apiVersion: absent(z.string()),
  kind: z.string(),
  metadata: z.object({ name: z.string().min(1), namespace: absent(z.string()) }),
});

const metadata = z.object({ annotations: texts, creationTimestamp: absent(z.iso.datetime({ offset: true })) });

/** What of an object can be read even where the rest of it cannot. */
export const AnnotatedObject = z.object({ metadata: z.object({ annotations: texts }) });

const BackendV1 = z
  .object({
    service: absent(
      z.object({
        name: z.string().min(1),
        port: absent(z.object({ number: absent(portNumber), name: absent(z.string().min(1)) })),
      }),
    ),
    resource: absent(z.object({ kind: z.string(), name: z.string() })),
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
    serviceName: absent(z.string().min(1)),
    servicePort: absent(z.union([portNumber, z.string().min(1)])),
    resource: absent(z.object({ kind: z.string(), name: z.string() })),
  })
  .transform(({ serviceName, servicePort, resource }): IngressBackend => {
    if (serviceName && servicePort !== undefined) return { type: "service", name: serviceName, port: servicePort };
    if (serviceName) return { type: "other", description: `Service ${serviceName} without a port` };
    return { type: "other", description: resource ? `${resource.kind} ${resource.name}` : "nothing" };
  });

const nothing: IngressBackend = { type: "other", description: "nothing" };

const rules = (backend: typeof BackendV1 | typeof BackendV1beta1) =>
  list(
    z
      .object({
        host: absent(z.string()),
        http: absent(
          z.object({
            paths: list(
              z.object({
                path: absent(z.string()),
                pathType: absent(z.string()),
                backend: backend.nullish().transform((value) => value ?? nothing),
              }),
            ),
          }),
        ),
      })
      .transform(({ host, http }) => ({ host, paths: http?.paths ?? [] })),
  );

const tls = list(
  z
    .object({ hosts: list(z.string()), secretName: absent(z.string()) })
    .transform(({ hosts, secretName }) => ({ hosts, secretName: secretName || undefined })),
);

const emptySpec = { ingressClassName: undefined, defaultBackend: undefined, tls: [], rules: [] };

/** networking.k8s.io/v1 Ingress. */
export const IngressV1 = z.object({
  metadata,
  spec: z
    .object({
      ingressClassName: absent(z.string()),
      defaultBackend: absent(BackendV1),
      tls,
      rules: rules(BackendV1),
    })
    .nullish()
    .transform((spec) => spec ?? emptySpec),
});

/** networking.k8s.io/v1beta1 and extensions/v1beta1 Ingress: `spec.backend`, `serviceName`, `servicePort`. */
export const IngressV1beta1 = z.object({
  metadata,
  spec: z
    .object({
      ingressClassName: absent(z.string()),
      backend: absent(BackendV1beta1),
      tls,
      rules: rules(BackendV1beta1),
    })
    .transform(({ backend, ...rest }) => ({ ...rest, defaultBackend: backend }))
    .nullish()
    .transform((spec) => spec ?? emptySpec),
});

export const IngressClassObject = z.object({
  metadata,
  spec: z.object({ controller: absent(z.string()) }).nullish(),
});

export const ServiceObject = z.object({
  spec: z
    .object({
      type: absent(z.string()),
      externalIPs: list(z.string()),
      clusterIP: absent(z.string()), // alone before Kubernetes 1.20
      clusterIPs: list(z.string()),
      ports: list(
        z.object({
          name: absent(z.string()),
          port: portNumber,
          targetPort: absent(z.union([z.int(), z.string()])),
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
        .object({ ingress: list(z.object({ ip: absent(z.string()), hostname: absent(z.string()) })) })
        .nullish(),
    })
    .nullish(),
});

export const SecretObject = z.object({ type: absent(z.string()), data: texts, stringData: texts });

export const ConfigMapObject = z.object({ data: texts });
