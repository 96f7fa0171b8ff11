import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../../support/manifests.ts";

const NAMESPACES = 100; // a namespace has a quota
const SERVICES = 500;
const PATHS = ["/", "/api", "/static"];
const HOST_STEP = 7919; // prime, so that requests visit the hosts in a scattered order
const MAX_REQUESTS = 4000;
/** User and password of every host with basic authentication. */
export const CREDENTIALS = Buffer.from("ann:123456").toString("base64");

export const INGRESS_CLASS = {
  apiVersion: "networking.k8s.io/v1",
  kind: "IngressClass",
  metadata: { name: "edgress" },
  spec: { controller: "edgress.dev/ingress-controller" },
};

const NO_ACCESS_LOG = { "enable-access-log": "false" };
const REWRITE = { "rewrite-target": "/$2" };
const CORS = {
  "enable-cors": "true",
  "cors-allow-origin": "https://app.example.com, https://*.example.org",
};
const ALLOW_LIST = { "whitelist-source-range": "192.0.2.0/24, 198.51.100.0/24, 2001:db8::/32" };
const BASIC_AUTH = { "auth-type": "basic", "auth-secret": "staff", "auth-realm": "staff" };
const LIMITS = { "proxy-body-size": "8m", "proxy-read-timeout": "120" };

/** The annotations of each set of policies. */
export const POLICY_SETS = {
  none: {},
  rewrite: REWRITE,
  cors: CORS,
  "allow list": ALLOW_LIST,
  "basic auth": BASIC_AUTH,
  canary: {},
  usual: { ...REWRITE, ...CORS, ...ALLOW_LIST },
  all: { ...REWRITE, ...CORS, ...ALLOW_LIST, ...BASIC_AUTH },
  "all with limits": { ...REWRITE, ...CORS, ...ALLOW_LIST, ...BASIC_AUTH, ...LIMITS },
} as const;
export type PolicySet = keyof typeof POLICY_SETS;

const CANARY_SETS: readonly PolicySet[] = ["canary", "all", "all with limits"];

export interface WorkloadOptions {
  readonly hosts: number;
  readonly policies: PolicySet;
}

/**
 * Returns one Ingress with three paths for each host, with its Services and Secrets. Hosts with an odd number have no
 * access line, so that one snapshot serves both.
 */
export function buildWorkload({ hosts, policies }: WorkloadOptions): object[] {
  const annotations = POLICY_SETS[policies];
  const isRewritten = "rewrite-target" in annotations;
  const services = range(SERVICES).map((index) =>
    inNamespace(
      buildServiceManifest(`service-${index}`, [`203.0.113.${index % 250}`, `198.51.100.${index % 200}`]),
      index,
    ),
  );
  const auth = Buffer.from("ann:{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=\n").toString("base64");
  const secrets = range(NAMESPACES).map((index) =>
    inNamespace({ apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, data: { auth } }, index),
  );
  const ingresses = range(hosts).flatMap((index) => {
    const build = (name: string, more: Readonly<Record<string, string>>, offset: number) =>
      inNamespace(
        buildIngressManifest(
          `${name}-${index}`,
          hostOf(index),
          listPaths(isRewritten, index + offset),
          withNginxPrefix({ ...annotations, ...more, ...(index % 2 === 1 && NO_ACCESS_LOG) }),
        ),
        index,
      );
    const canaries = CANARY_SETS.includes(policies)
      ? [build("canary", { canary: "true", "canary-weight": "20" }, 4 * NAMESPACES)]
      : [];
    return [build("ingress", {}, 0), ...canaries];
  });
  return [INGRESS_CLASS, ...services, ...secrets, ...ingresses];
}

/** A request of the load. */
export interface LoadRequest {
  readonly host: string;
  readonly path: string;
}

/** Returns requests for the hosts with or without an access line, up to 4,000. */
export function listRequests(hosts: number, accessLog: boolean): LoadRequest[] {
  const half = hosts / 2;
  return range(Math.min(MAX_REQUESTS, half * PATHS.length)).map((index) => ({
    host: hostOf(2 * ((index * HOST_STEP) % half) + (accessLog ? 0 : 1)),
    path: `${PATHS[index % PATHS.length]}/users/42/orders`.replace("//", "/"),
  }));
}

export function hostOf(index: number): string {
  return `host-${index}.example.com`;
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

/** Returns the Services by path. A rewrite needs a regex with two captures. */
function listPaths(isRewritten: boolean, index: number): Record<string, string> {
  const service = (nth: number) => `service-${(index + nth * NAMESPACES) % SERVICES}`;
  const spell = (path: string) => (isRewritten ? (path === "/" ? "/()(.*)" : `${path}(/|$)(.*)`) : path);
  return Object.fromEntries(PATHS.map((path, nth) => [spell(path), service(nth)]));
}

function inNamespace(object: object, index: number): object {
  const { metadata, spec } = object as { readonly metadata: object; readonly spec?: { readonly rules?: object[] } };
  const namespaced = { ...object, metadata: { ...metadata, namespace: `team-${index % NAMESPACES}` } };
  if (!JSON.stringify(spec?.rules ?? "").includes("(.*)")) return namespaced;
  return JSON.parse(
    JSON.stringify(namespaced).replaceAll('"pathType":"Prefix"', '"pathType":"ImplementationSpecific"'),
  );
}
