import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compileWithLastGood, type LastGoodCompilation, type PreviousState } from "../../sync/compile/last-good.ts";
import { OPTIONS } from "../support/fixture.ts";
export const MONDAY = "2026-11-23T08:00:00.000Z";
export const TUESDAY = "2026-11-24T09:30:00.000Z";
export const options = { ...OPTIONS, zones: ["example.com"] };
export const noPreviousState: PreviousState = { lastGood: new Map(), brokenSince: new Map() };

export interface IngressInput {
  readonly path?: string;
  readonly pathType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export function buildPathIngress(
  name: string,
  { path = "/", pathType = "Prefix", annotations = {} }: IngressInput = {},
) {
  const backend = { service: { name: "web", port: { number: 80 } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, annotations },
    spec: {
      ingressClassName: "edgress",
      rules: [{ host: `${name}.example.com`, http: { paths: [{ path, pathType, backend }] } }],
    },
  };
}

export const webService = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] },
};

export const ingressClass = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "edgress" },
  spec: { controller: "edgress.dev/ingress-controller" },
};

export function buildWebCluster(...ingresses: object[]): Cluster {
  return parseCluster(
    [...ingresses, webService, ingressClass].map((object) => ({ object, source: "networking.k8s.io/v1" })),
  );
}

/** Each route as "host path -> backend", or 503 and why. */
export function listRoutes({ compilation }: LastGoodCompilation): string[] {
  return compilation.rules.hosts.flatMap(({ host, routes }) =>
    routes.map(({ path, backend, policies }) => {
      const pathText = "pattern" in path ? path.pattern : path.path;
      return `${host} ${pathText} -> ${policies.failClosed ? `503 ${policies.failClosed.reason}` : backend}`;
    }),
  );
}

/** A compilation without broken Ingresses. */
export const goodCompilation = compileWithLastGood(
  buildWebCluster(buildPathIngress("shop", { path: "/cart" }), buildPathIngress("blog")),
  noPreviousState,
  options,
  MONDAY,
);
