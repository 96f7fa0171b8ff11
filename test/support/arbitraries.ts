import fc from "fast-check";
import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";
import { ANNOTATION_PREFIXES } from "../../sync/collect/annotation-names.ts";

// Small pools, so that hosts, paths and names collide.
const HOSTS = [
  "a.example.com",
  "b.example.com",
  "*.example.com",
  "A.example.com.",
  "c.b.example.com",
  "other.example.org",
];
const BAD_HOSTS = ["bad_host!", "192.0.2.1", "a.*.example.com", "a.example.com:80"];
const PATHS = [
  "/",
  "/foo",
  "/foo/",
  "/foo/bar",
  "/Foo",
  "/a b",
  "/a%20b",
  "/café",
  "/caf%C3%A9",
  "/v[0-9]+",
  "/foo(/|$)(.*)",
];
const BAD_PATHS = ["relative", "/x//y", "/a/../b", "/unclosed(", "/%", "/\u0000"];
const PATH_TYPES = ["Exact", "Prefix", "ImplementationSpecific"];
const SERVICES = ["one", "two", "three", "four"];
const NAMESPACES = ["default", "shop"];
const DATES = ["2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z", "2024-01-02T01:00:00+01:00"];
const ANNOTATION_VALUES = [
  "true",
  "false",
  "yes",
  "",
  "/",
  "/new",
  "/$1",
  "/$2/$10",
  "https://new.example.net/$1",
  "/{x}",
  "\u0000é",
];

const annotationNames = compiledPolicies.flatMap(({ annotations }) => Object.keys(annotations));
const examples = compiledPolicies.flatMap(({ annotations }) =>
  Object.values<{ example: string }>(annotations).map(({ example }) => example),
);

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

export const annotations = fc.dictionary(
  fc
    .tuple(fc.constantFrom(...ANNOTATION_PREFIXES), fc.constantFrom(...annotationNames))
    .map(([prefix, name]) => prefix + name),
  fc.oneof(fc.constantFrom(...ANNOTATION_VALUES, ...examples), fc.string({ maxLength: 8 })),
  { maxKeys: 3 },
);

const backend = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({ service: fc.record({ name: fc.constantFrom(...SERVICES), port: buildPortArbitrary() }) }),
  },
  { weight: 1, arbitrary: fc.constantFrom({}, { resource: { kind: "Bucket", name: "pictures" } }) },
);

function buildPortArbitrary() {
  return fc.constantFrom<object>(
    { number: 80 },
    { number: 8080 },
    { number: 3000 },
    { name: "http" },
    { name: "none" },
  );
}

function buildPathArbitrary(paths: readonly string[], types: readonly string[]) {
  return fc.record({
    path: optional(fc.constantFrom(...paths)),
    pathType: optional(fc.constantFrom(...types)),
    backend,
  });
}

export interface IngressPools {
  readonly hosts: readonly string[];
  /** Whether there are rules without a host, and default backends without rules. */
  readonly hostlessRules: boolean;
  readonly names: readonly string[];
  readonly paths?: readonly string[];
}

/** An Ingress as a user may write it: mostly well, at times not. */
export function buildIngressArbitrary({
  hosts,
  hostlessRules,
  names,
  paths: pathPool = [...PATHS, ...BAD_PATHS],
}: IngressPools) {
  const host = fc.constantFrom(...hosts);
  const paths = fc.array(buildPathArbitrary(pathPool, [...PATH_TYPES, "Regex"]), { maxLength: 3 });
  const rule = fc.record({ host: hostlessRules ? optional(host) : host, http: optional(fc.record({ paths })) });
  return fc.record({
    apiVersion: fc.constant("networking.k8s.io/v1"),
    kind: fc.constant("Ingress"),
    metadata: fc.record({
      namespace: fc.constantFrom(...NAMESPACES),
      name: fc.constantFrom(...names),
      creationTimestamp: optional(fc.constantFrom(...DATES)),
      annotations,
    }),
    spec: fc.record({
      ingressClassName: optional(fc.constantFrom("edgress", "other")),
      defaultBackend: optional(backend),
      tls: optional(fc.constant([{ hosts: ["a.example.com"], secretName: "certificate" }])),
      rules: fc.array(rule, { minLength: hostlessRules ? 0 : 1, maxLength: 3 }),
    }),
  });
}

/** A Service. */
export const serviceArbitrary = fc.record({
  apiVersion: fc.constant("v1"),
  kind: fc.constant("Service"),
  metadata: fc.record({ namespace: fc.constantFrom(...NAMESPACES), name: fc.constantFrom(...SERVICES) }),
  spec: fc.record({
    externalIPs: optional(fc.subarray(["203.0.113.1", "203.0.113.2", "2001:db8::1", "nowhere", "203.0.113.999"])),
    ports: optional(
      fc.subarray([
        { name: "http", port: 80 },
        { port: 8080, targetPort: 3000 },
        { port: 53, protocol: "UDP" },
      ]),
    ),
  }),
});

export const INGRESS_NAMES = ["i1", "i2", "i3", "i4"];

/** The objects of a cluster, each name once. */
export const objects = fc
  .tuple(
    fc.uniqueArray(
      buildIngressArbitrary({ hosts: [...HOSTS, ...BAD_HOSTS], hostlessRules: true, names: INGRESS_NAMES }),
      { selector: formatNamespacedName },
    ),
    fc.uniqueArray(serviceArbitrary, { selector: formatNamespacedName }),
  )
  .map(([ingresses, services]): object[] => [...ingresses, ...services]);

/** Returns "namespace/name". */
export function formatNamespacedName({ metadata }: { metadata: { namespace: string; name: string } }): string {
  return `${metadata.namespace}/${metadata.name}`;
}

/** An Ingress that is not what its API version says, under a name of its own. */
export const malformedIngress = fc
  .tuple(
    fc.constantFrom("networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"),
    fc.constantFrom<object>(
      { spec: 7 },
      { spec: { rules: "none" } },
      { spec: { rules: [{ host: 7 }] } },
      { spec: { rules: [{ host: "a.example.com", http: { paths: {} } }] } },
      { spec: { tls: [{ hosts: [null] }], rules: [{ host: "a.example.com" }] } },
      { metadata: { name: "broken", annotations: { "edgress.dev/app-root": true } } },
      { metadata: { name: "broken", creationTimestamp: "yesterday" } },
    ),
  )
  .map(([apiVersion, invalidFields]): object => ({
    apiVersion,
    kind: "Ingress",
    metadata: { name: "broken" },
    ...invalidFields,
  }));
