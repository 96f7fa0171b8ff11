import * as z from "zod";
import { objectMetadata, optionalField, optionalList, optionalStringMap, portNumber } from "./schema-fields.ts";

/** The fields that identify an object in reports. The namespace defaults to "default", as in kubectl. */
export const Identity = z.object({
  apiVersion: optionalField(z.string()),
  kind: z.string(),
  metadata: z.object({ name: z.string().min(1), namespace: optionalField(z.string()) }),
});

/** The annotations of an object that may be invalid otherwise. */
export const AnnotatedObject = z.object({
  apiVersion: optionalField(z.string()),
  metadata: z.object({ annotations: optionalStringMap }),
});

export const IngressClassObject = z.object({
  metadata: objectMetadata,
  spec: z
    .object({
      controller: optionalField(z.string()),
      parameters: optionalField(z.object({ kind: z.string(), name: z.string(), namespace: optionalField(z.string()) })),
    })
    .nullish(),
});

export const ServiceObject = z.object({
  spec: z
    .object({
      type: optionalField(z.string()),
      externalName: optionalField(z.string()),
      externalIPs: optionalList(z.string()),
      clusterIP: optionalField(z.string()), // the only field before Kubernetes 1.20
      clusterIPs: optionalList(z.string()),
      ports: optionalList(
        z.object({
          name: optionalField(z.string()),
          port: portNumber,
          appProtocol: optionalField(z.string()),
          targetPort: optionalField(z.union([z.int(), z.string()])),
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
        .object({
          ingress: optionalList(z.object({ ip: optionalField(z.string()), hostname: optionalField(z.string()) })),
        })
        .nullish(),
    })
    .nullish(),
});

export const SecretObject = z.object({
  type: optionalField(z.string()),
  data: optionalStringMap,
  stringData: optionalStringMap,
});

const grantedKind = { group: z.string().regex(/^[a-z0-9.-]*$/), kind: z.string().regex(/^[A-Za-z0-9-]+$/) };

/** A ReferenceGrant of gateway.networking.k8s.io/v1 or v1beta1. */
export const ReferenceGrantObject = z.object({
  spec: z.object({
    from: optionalList(z.object({ ...grantedKind, namespace: z.string().regex(/^[a-z0-9-]+$/) })),
    to: optionalList(z.object({ ...grantedKind, name: optionalField(z.string()) })),
  }),
});

export const ConfigMapObject = z.object({ data: optionalStringMap });
