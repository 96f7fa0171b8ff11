import { parseCluster } from "../../../sync/collect/parse-objects.ts";
import { compile } from "../../../sync/compile/compile.ts";
import { createCompileCache } from "../../../sync/compile/compile-cache.ts";
import { DEFAULT_PERMITS } from "../../../sync/permits/model.ts";
import { publish } from "../../../sync/publish/publish.ts";
import { createSigner, generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { createRegexLookup } from "../../../sync/regex-check/regex-lookup.ts";
import { buildIngressManifest, buildServiceManifest } from "../../support/manifests.ts";
import { MemoryKv } from "../../support/memory-kv.ts";

const NAMESPACES = 100;
const SERVICE_COUNT = 500;
const PATHS = ["/", "/api", "/static"];
const PATHS_PER_INGRESS = 100;

/** A published snapshot, and the variables of a Worker that trusts it. */
export interface BenchSnapshot {
  readonly values: ReadonlyMap<string, string>; // of the KV namespace
  readonly variables: Readonly<Record<string, string>>;
}

/** Compiles and publishes objects. */
export async function publishObjects(objects: readonly object[]): Promise<BenchSnapshot> {
  const kv = new MemoryKv();
  const keys = generateSigningKeys();
  const cluster = parseCluster(objects.map((object) => ({ object, source: "the API" })));
  const { rules } = compile(
    { ...cluster, certificates: "unknown" },
    {
      ingressClass: "edgress",
      controller: "edgress.dev/ingress-controller",
      watchIngressWithoutClass: true,
      exclusiveHosts: false,
      allowedResponseHeaders: [],
      zones: ["example.com"],
      permits: DEFAULT_PERMITS,
      regexVerdicts: createRegexLookup(),
      tokenizeSecret: (text) => text,
    },
    createCompileCache(),
  );
  await publish(rules, kv, createSigner(keys.privateKey), new Date());
  return {
    values: kv.values,
    variables: { EDGRESS_VERIFYING_KEY: keys.publicKey, EDGRESS_KV_NAMESPACE_ID: kv.namespaceId },
  };
}

/** Returns hosts with three paths each, in 100 namespaces. */
export function buildHosts(count: number, annotations: Readonly<Record<string, string>> = {}): object[] {
  const ingresses = Array.from({ length: count }, (_, index) => {
    const paths = PATHS.map((path, number) => [path, `service-${(index + number * NAMESPACES) % SERVICE_COUNT}`]);
    const host = `host-${index}.example.com`;
    return inNamespace(buildIngressManifest(`ingress-${index}`, host, Object.fromEntries(paths), annotations), index);
  });
  return [...buildServices(), ...ingresses];
}

/** Returns Ingresses with many paths on one host, or on rules without a host. */
export function buildLargeHost(host: string | undefined, paths: readonly string[], isRegex = false): object[] {
  const annotations = isRegex ? { "nginx.ingress.kubernetes.io/rewrite-target": "/$2" } : {};
  return Array.from({ length: Math.ceil(paths.length / PATHS_PER_INGRESS) }, (_, index) => {
    const part = paths.slice(index * PATHS_PER_INGRESS, (index + 1) * PATHS_PER_INGRESS);
    const backends = Object.fromEntries(
      part.map((path, number) => [path, `service-${(number * NAMESPACES) % SERVICE_COUNT}`]),
    );
    return inNamespace(buildIngressManifest(`large-${index}`, host, backends, annotations), 0);
  });
}

/** Returns wildcards with one path each. */
export function buildWildcards(count: number): object[] {
  return Array.from({ length: count }, (_, index) =>
    inNamespace(buildIngressManifest(`wildcard-${index}`, `*.w${index}.example.com`, { "/": "service-0" }), 0),
  );
}

function buildServices(): object[] {
  return Array.from({ length: SERVICE_COUNT }, (_, index) =>
    inNamespace(buildServiceManifest(`service-${index}`, [`203.0.113.${index % 250}`]), index),
  );
}

function inNamespace(object: object, index: number): object {
  const { metadata } = object as { readonly metadata: object };
  return { ...object, metadata: { ...metadata, namespace: `team-${index % NAMESPACES}` } };
}
