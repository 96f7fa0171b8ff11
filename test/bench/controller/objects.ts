/** How many there are of each kind. */
export interface ClusterSize {
  readonly ingresses: number;
  readonly services: number;
}

const NAMESPACE_COUNT = 100;
const NGINX = "nginx.ingress.kubernetes.io";
// "ann" with the password "correct-horse", and nobody's own.
const USERS = "ann:$2y$10$0bqf1oWyWcqRAWpXkVcjQO0hYb0oQ8Yb1k3vS8Jq0o3vS8Jq0o3vS";

/** The objects of a cluster of this size, as its API server has them. Two Ingresses lead to each pair of Services. */
export function buildObjects(size: ClusterSize): object[] {
  return [
    buildIngressClass(),
    ...buildRange(size.services).map(buildBenchService),
    ...buildRange(NAMESPACE_COUNT).map(buildBenchSecret),
    ...buildRange(size.ingresses).map((index) => buildBenchIngress(index, size)),
  ];
}

function buildIngressClass(): object {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "edgress" },
    spec: { controller: "edgress.dev/ingress-controller" },
  };
}

function buildBenchService(index: number): object {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace: namespaceOf(index), name: `service-${index}` },
    spec: {
      type: "ClusterIP",
      clusterIP: `10.96.${index >> 8}.${index & 255}`,
      clusterIPs: [`10.96.${index >> 8}.${index & 255}`],
      externalIPs: [`203.0.113.${index % 250}`, `198.51.100.${index % 200}`],
      ports: [{ name: "http", port: choosePort(index), targetPort: 8080 }],
    },
  };
}

/** Half of them are on a port that origins see in Host, which is noted of each path. */
function choosePort(service: number): number {
  return service % 2 === 0 ? 80 : 8080;
}

function buildBenchSecret(index: number): object {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: namespaceOf(index), name: "staff" },
    data: { auth: Buffer.from(USERS).toString("base64") },
  };
}

function buildBenchIngress(index: number, { services }: ClusterSize): object {
  const isRegex = index % 10 === 0;
  const host = `host-${index}.example.com`;
  const path = (pathText: string, serviceIndex: number) => ({
    path: pathText,
    pathType: isRegex ? "ImplementationSpecific" : "Prefix",
    backend: {
      service: {
        name: `service-${serviceIndex % services}`,
        port: serviceIndex % 3 === 0 ? { name: "http" } : { number: choosePort(serviceIndex % services) },
      },
    },
  });
  const paths = [path(isRegex ? "/api/(.*)" : "/api", index), path("/", index + NAMESPACE_COUNT)];
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      namespace: namespaceOf(index),
      name: `ingress-${index}`,
      creationTimestamp: new Date(Date.UTC(2025, 0, 1) + 60_000 * ((index * 7919) % 100_000)).toISOString(),
      annotations: buildAnnotations(index, isRegex),
    },
    spec: {
      ingressClassName: "edgress",
      ...(index % 3 === 0 ? {} : { tls: [{ hosts: [host], secretName: `certificate-${index}` }] }),
      rules: [{ host, http: { paths } }],
    },
  };
}

/** What is often written: every Ingress has some of it, and a few have what costs more. */
function buildAnnotations(index: number, isRegex: boolean): Record<string, string> {
  // Of every namespace some.
  const position = index + Math.floor(index / NAMESPACE_COUNT);
  const every = (nth: number, annotations: Record<string, string>) => (position % nth === 0 ? annotations : {});
  return {
    "cert-manager.io/cluster-issuer": "letsencrypt",
    [`${NGINX}/proxy-body-size`]: "8m",
    [`${NGINX}/proxy-read-timeout`]: "120",
    ...(isRegex ? { [`${NGINX}/rewrite-target`]: "/$1" } : {}),
    ...every(2, { [`${NGINX}/ssl-redirect`]: "false" }),
    ...every(4, { [`${NGINX}/enable-cors`]: "true", [`${NGINX}/cors-allow-origin`]: "https://app.example.com" }),
    ...every(5, { [`${NGINX}/whitelist-source-range`]: "192.0.2.0/24, 2001:db8::/32" }),
    ...every(7, { [`${NGINX}/limit-rps`]: "20" }),
    ...every(11, { [`${NGINX}/affinity`]: "cookie", [`${NGINX}/session-cookie-name`]: "route" }),
    ...every(20, { [`${NGINX}/auth-type`]: "basic", [`${NGINX}/auth-secret`]: "staff" }),
    ...every(25, { [`${NGINX}/server-alias`]: `alias-${index}.example.com` }),
    ...every(50, { [`${NGINX}/auth-url`]: `http://service-${index % NAMESPACE_COUNT}.${namespaceOf(index)}/check` }),
    ...every(100, { [`${NGINX}/proxy-sendtimeout`]: "60" }), // misspelt
  };
}

/** Where objects of this index are. */
export function namespaceOf(index: number): string {
  return `team-${index % NAMESPACE_COUNT}`;
}

function buildRange(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
