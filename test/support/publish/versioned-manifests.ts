import { stringify } from "yaml";
import { sleep } from "../../../sync/runtime/sleep.ts";
import { type ListeningEdge, sendRequest } from "../worker/http-requests.ts";

const HOSTS = 24;
const PATHS = 40; // so that the rules fill several shards

/** Hosts in different shards. */
export const FIRST_HOST = "host-0.example.com";
export const SECOND_HOST = "host-1.example.com";

/** Returns manifests whose redirects name a version. Each version has its own origin record. */
export function formatManifests(version: number): string {
  return buildVersion(version)
    .map((object) => stringify(object))
    .join("---\n");
}

/** Returns the objects of a version: many hosts that redirect to it, and one with an origin. */
export function buildVersion(version: number): object[] {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const paths = Array.from({ length: PATHS }, (_, index) => ({ path: `/path-${index}`, pathType: "Prefix", backend }));
  const ingresses = Array.from({ length: HOSTS }, (_, index) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name: `redirect-${index}`,
      namespace: "default",
      annotations: { "nginx.ingress.kubernetes.io/permanent-redirect": `https://v${version}.example.org/` },
    },
    spec: { ingressClassName: "edgress", rules: [{ host: `host-${index}.example.com`, http: { paths } }] },
  }));
  const origin = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "origin", namespace: "default" },
    spec: { ingressClassName: "edgress", rules: [{ host: "origin.example.com", http: { paths: paths.slice(0, 1) } }] },
  };
  const service = {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "default" },
    spec: { externalIPs: [`203.0.113.${10 + (version % 100)}`], ports: [{ port: 80 }] },
  };
  return [...ingresses, origin, service];
}

/** Returns the version in a redirect of an edge; undefined if it does not redirect. */
export async function readVersion(edge: ListeningEdge, host: string): Promise<number | undefined> {
  const { headers } = await sendRequest(edge, `http://${host}/path-0`);
  const [, version] = /^https:\/\/v(\d+)\./.exec(headers.location ?? "") ?? [];
  return version === undefined ? undefined : Number(version);
}

/** Requests two hosts until `signal` is aborted. Returns each pair of answers that no single generation gives. */
export async function watchForMixture(edge: ListeningEdge, signal: AbortSignal): Promise<string[]> {
  const mixtures: string[] = [];
  while (!signal.aborted) {
    const before = await readVersion(edge, FIRST_HOST);
    const between = await readVersion(edge, SECOND_HOST);
    const after = await readVersion(edge, FIRST_HOST);
    if (before === after && between !== before) mixtures.push(`${FIRST_HOST} ${before}, ${SECOND_HOST} ${between}`);
    await sleep(20, signal);
  }
  return mixtures;
}
