import { parseCluster } from "../../../sync/collect/parse-objects.ts";
import type { Finding } from "../../../sync/lint/findings/finding.ts";
import { lint } from "../../../sync/lint/lint.ts";
import { OPTIONS } from "../fixture.ts";
export const NGINX = "nginx.ingress.kubernetes.io/";

export interface IngressInput {
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly paths?: readonly (readonly [path: string, pathType: string | undefined])[];
  readonly port?: number;
  readonly tls?: string;
}

export async function lintIngresses(
  ingresses: readonly IngressInput[],
  zones: readonly string[] = ["."],
): Promise<Finding[]> {
  const found = buildIngressList(ingresses).items.map((object) => ({ object, source: "shop.yaml:1" }));
  return lint(parseCluster(found), { ...OPTIONS, zones }, rejectDecryption);
}

/** Decrypts nothing, for clusters without secrets. */
export async function rejectDecryption(): Promise<never> {
  throw new Error("no secret is expected");
}

/** Ingresses of shop.example.com, and the Service that they all lead to. */
export function buildIngressList(ingresses: readonly IngressInput[]) {
  const ports = [...new Set([80, ...ingresses.map(({ port = 80 }) => port)])];
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "shop" },
    spec: { type: "LoadBalancer", ports: ports.map((port) => ({ port })) },
    status: { loadBalancer: { ingress: [{ ip: "203.0.113.10" }] } },
  };
  return { apiVersion: "v1", kind: "List", items: [service, ...ingresses.map(buildIngressFrom)] };
}

export function buildIngressFrom({
  name = "shop",
  annotations = {},
  paths = [["/", "Prefix"]],
  port = 80,
  tls,
}: IngressInput) {
  const backend = { service: { name: "shop", port: { number: port } } };
  const http = { paths: paths.map(([path, pathType]) => ({ path, pathType, backend })) };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations },
    spec: {
      rules: [{ host: "shop.example.com", http }],
      ...(tls !== undefined && { tls: [{ hosts: ["shop.example.com"], secretName: tls }] }),
    },
  };
}
