/** Returns an Ingress for one host with the Service ("name" or "name:port") of each path. */
export function buildIngressManifest(
  name: string,
  host: string | undefined,
  paths: Readonly<Record<string, string>>,
  annotations: Readonly<Record<string, string>> = {},
) {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations },
    spec: {
      ingressClassName: "edgress",
      rules: [
        {
          host,
          http: {
            paths: Object.entries(paths).map(([path, backend]) => {
              const [service = "", port = "80"] = backend.split(":");
              return {
                path,
                pathType: "Prefix",
                backend: { service: { name: service, port: { number: Number(port) } } },
              };
            }),
          },
        },
      ],
    },
  };
}

export function buildServiceManifest(name: string, externalIPs: readonly string[], port = 80) {
  return { apiVersion: "v1", kind: "Service", metadata: { name }, spec: { externalIPs, ports: [{ port }] } };
}

/** An Ingress with one path. Annotations have no prefix. */
export interface IngressSummary {
  readonly path?: string;
  readonly service?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Returns Ingresses by the first label of their host in example.com, and Services by "name" or "name:port". */
export function buildManifests(
  ingresses: Readonly<Record<string, IngressSummary>>,
  services: Readonly<Record<string, readonly string[]>>,
): object[] {
  return [
    ...Object.entries(ingresses).map(([name, { path = "/", service = "shop", annotations = {} }]) =>
      buildIngressManifest(
        name,
        `${name.replace(/-canary$/, "")}.example.com`,
        { [path]: service },
        withNginxPrefix(annotations),
      ),
    ),
    ...Object.entries(services).map(([key, externalIPs]) => {
      const [name = "", port = "80"] = key.split(":");
      return buildServiceManifest(name, externalIPs, Number(port));
    }),
  ];
}

/** Returns annotations with the prefix of ingress-nginx. */
export function withNginxPrefix(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`nginx.ingress.kubernetes.io/${name}`, value]),
  );
}
