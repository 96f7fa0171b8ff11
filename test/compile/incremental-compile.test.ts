import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { success } from "../../src/rules/result.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Cluster, Secret, Service } from "../../sync/collect/cluster-model.ts";
import { parseManifest } from "../../sync/collect/manifests.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import { formatDiagnostic } from "../../sync/compile/diagnostics.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import { competingIngresses } from "../support/arbitraries.ts";
import { OPTIONS, readFixtures, ZONES } from "../support/fixture.ts";

// Expressions are all taken, and a token says what is behind it: a Secret that changes must change the rules.
const FAST_OPTIONS: Options = {
  ...OPTIONS,
  zones: ZONES,
  inspect: () => success(true),
  tokenizeSecret: (text) => `[${text}]`,
};
const PERMITS: Options["permits"] = {
  claims: [
    { namespaces: ["default"], hosts: ["*"], paths: ["/"] },
    { namespaces: ["shop"], hosts: ["*.example.com"], paths: ["/foo"] },
  ],
  limits: [{ namespaces: ["*"], maxRoutes: 6 }],
  origins: { type: "public" },
};

const UNREADABLE_REFERENCE = { kind: "Secret", namespace: "shop", name: "none", problem: "forbidden" } as const;

function parseClusterYaml(yaml: string): Cluster {
  const file = parseManifest(yaml, "in.yaml");
  return parseCluster("objects" in file ? file.objects : assert.fail());
}

/** Compiles with what is remembered, and anew: to the same end. */
function compileBothWays(
  cluster: Cluster,
  options: Options,
  cache: ReturnType<typeof createCompileCache>,
): Compilation {
  const cachedCompilation = compile(cluster, options, cache);
  assert.deepEqual(cachedCompilation, compile(cluster, options));
  return cachedCompilation;
}

/** Nothing changed but the lists: every host is the very object that it was. */
function assertUnchanged(
  cluster: Cluster,
  options: Options,
  cache: ReturnType<typeof createCompileCache>,
  previousCompilation: Compilation,
): void {
  const copy = {
    ...cluster,
    ingresses: cluster.ingresses.toReversed(),
    services: cluster.services.toReversed(),
    secrets: [...cluster.secrets],
    unreadableReferences: cluster.unreadableReferences.map((reference) => ({ ...reference })),
  };
  const secondCompilation = compile(copy, { ...options, zones: [...options.zones] }, cache);
  assert.deepEqual(secondCompilation, previousCompilation);
  for (const [index, rules] of secondCompilation.rules.hosts.entries()) {
    assert.equal(rules, previousCompilation.rules.hosts[index], rules.host);
  }
}

describe("with what is remembered of earlier rounds, a cluster compiles to what it would anew", () => {
  const secret = fc.record({
    kind: fc.constant("Secret"),
    apiVersion: fc.constant("v1"),
    metadata: fc.record({ namespace: fc.constantFrom("default", "shop"), name: fc.constant("none") }),
    stringData: fc.constantFrom({ "ca.crt": "one" }, { "ca.crt": "two" }, {}),
  });
  const configMap = fc.record({
    kind: fc.constant("ConfigMap"),
    apiVersion: fc.constant("v1"),
    metadata: fc.record({ namespace: fc.constantFrom("default", "shop"), name: fc.constantFrom("settings", "none") }),
    data: fc.constantFrom({ "proxy-body-size": "1m" }, { "enable-cors": "true" }, { "limit-rps": "broken" }, {}),
  });
  const ingressClass = fc.record({
    kind: fc.constant("IngressClass"),
    apiVersion: fc.constant("networking.k8s.io/v1"),
    metadata: fc.record({ namespace: fc.constant(""), name: fc.constantFrom("edgress", "other") }),
    spec: fc.record(
      {
        controller: fc.constantFrom(OPTIONS.controller, "example.com/other"),
        parameters: fc.record({
          kind: fc.constantFrom("ConfigMap", "Secret"),
          name: fc.constant("settings"),
          namespace: fc.constantFrom("default", "shop"),
          scope: fc.constant("Namespace"),
        }),
      },
      { requiredKeys: ["controller"] },
    ),
  });
  const invalidService = fc.record({
    kind: fc.constant("Service"),
    apiVersion: fc.constant("v1"),
    metadata: fc.record({ namespace: fc.constant("shop"), name: fc.constantFrom("one", "broken") }),
    spec: fc.constantFrom<unknown>(7, { ports: "none" }),
  });
  const step = fc.record({
    world: competingIngresses,
    extraObjects: fc.array(fc.oneof(secret, configMap, ingressClass, invalidService), { maxLength: 3 }),
    offset: fc.nat({ max: 11 }),
    removedIndex: fc.nat({ max: 11 }),
    isUnreadable: fc.boolean(),
    certificates: fc.constantFrom("known" as const, "unknown" as const),
    changedOptions: fc.constantFrom<Partial<Options>>(
      ...Array.from({ length: 4 }, () => ({})),
      { zones: ["example.net"] },
      { allowedResponseHeaders: ["X-Any"] },
      { watchIngressWithoutClass: !OPTIONS.watchIngressWithoutClass },
      { tokenizeSecret: (text) => `<${text}>` },
      { permits: { claims: [], limits: [], origins: { type: "any" } } },
      { namespace: "shop" },
    ),
  });

  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  for (const [what, options] of [
    ["any object may change", FAST_OPTIONS],
    ["any object may change, and not all is permitted", { ...FAST_OPTIONS, permits: PERMITS }],
  ] as const) {
    test(what, () => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 2, maxLength: 7 }), (steps) => {
          const cache = createCompileCache();
          const pieces = new Map<string, Cluster>(); // each of one object, which stays the same until it is replaced
          for (const nextStep of steps) {
            applyStep(pieces, nextStep);
            const unreadableReferences = nextStep.isUnreadable ? [UNREADABLE_REFERENCE] : [];
            const { certificates, changedOptions } = nextStep;
            const cluster = { ...mergeClusters([...pieces.values()]), unreadableReferences, certificates };
            const stepOptions = { ...options, ...changedOptions };
            assertUnchanged(cluster, stepOptions, cache, compileBothWays(cluster, stepOptions, cache));
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  /** The first step brings all of a world, the others some of one. */
  function applyStep(pieces: Map<string, Cluster>, { world, extraObjects, offset, removedIndex }: Step): void {
    const objects = [...world.ingresses, ...world.services, ...extraObjects];
    const start = offset % objects.length;
    const changedObjects = pieces.size === 0 ? objects : objects.slice(start, start + 2);
    for (const object of changedObjects) {
      const { namespace, name } = object.metadata;
      pieces.set(`${object.kind} ${namespace}/${name}`, parseCluster([{ object, source: name }]));
    }
    pieces.delete([...pieces.keys()][removedIndex] ?? "");
  }

  function mergeClusters(pieces: readonly Cluster[]): Cluster {
    type Kind = "ingresses" | "services" | "secrets" | "configMaps" | "classes" | "invalidObjects";
    const mergeLists = <K extends Kind>(kind: K) =>
      pieces.flatMap((piece): readonly Cluster[K][number][] => piece[kind]) as unknown as Cluster[K];
    const lists = {
      ingresses: mergeLists("ingresses"),
      services: mergeLists("services"),
      secrets: mergeLists("secrets"),
      configMaps: mergeLists("configMaps"),
      classes: mergeLists("classes"),
    };
    return { ...parseCluster([]), ...lists, invalidObjects: mergeLists("invalidObjects") };
  }

  // Whatever a host can look up, some fixture does: each of its objects goes, comes again and changes.
  test("every object of every fixture goes, and comes back, and is another", () => {
    const { inspect, tokenizeSecret } = FAST_OPTIONS;
    for (const { title, cluster, options: fixtureOptions } of readFixtures()) {
      const options = { ...fixtureOptions, zones: ZONES, inspect, tokenizeSecret };
      const cache = createCompileCache();
      for (const variant of [cluster, ...listVariants(cluster)]) {
        for (const current of [variant, cluster]) {
          assert.deepEqual(compile(current, options, cache), compile(current, options), title);
        }
      }
      assertUnchanged(cluster, options, cache, compile(cluster, options, cache));
    }
  });

  /** The cluster without each of its objects, and with another in its place. */
  function listVariants(cluster: Cluster): Cluster[] {
    const kinds = {
      ingresses: { annotations: {} },
      services: { externalIPs: ["192.0.2.77"], ports: [{ name: "http", port: 8080, protocol: "TCP" }] },
      secrets: { data: { auth: "eve:other", "ca.crt": "other" } },
      configMaps: { data: { "X-Other": "1" } },
      classes: { isDefault: true, controller: "another" },
    };
    return Object.entries(kinds).flatMap(([kind, change]) => {
      const objects = cluster[kind as keyof typeof kinds];
      return objects.flatMap((object, index): Cluster[] => {
        const otherObjects = objects.filter((_, otherIndex) => otherIndex !== index);
        const name = { namespace: "", ...object };
        const unreadableReferences = (["Secret", "ConfigMap"] as const).map((referenceKind) => ({
          kind: referenceKind,
          ...name,
          problem: "forbidden",
        }));
        return [
          { ...cluster, [kind]: otherObjects },
          { ...cluster, [kind]: otherObjects, unreadableReferences },
          { ...cluster, [kind]: [...otherObjects, { ...object, ...change }] },
        ];
      });
    });
  }
});

describe("a round", () => {
  const cluster = parseClusterYaml(`
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service, metadata: { name: one }, spec: { externalIPs: [203.0.113.1], ports: [{ port: 80 }] } }
  - { apiVersion: v1, kind: Service, metadata: { name: two }, spec: { externalIPs: [203.0.113.2], ports: [{ port: 80 }] } }
  - { apiVersion: v1, kind: Secret, metadata: { name: staff }, stringData: { auth: "ann:hash" } }
  - apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: { name: first, annotations: { edgress.dev/server-alias: alias.example.com } }
    spec: { rules: [{ host: first.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: one, port: { number: 80 } } } }] } }] }
  - apiVersion: networking.k8s.io/v1
    kind: Ingress
    metadata: { name: second, annotations: { edgress.dev/auth-type: basic, edgress.dev/auth-secret: staff, edgress.dev/from-to-www-redirect: "true" } }
    spec: { rules: [{ host: second.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: two, port: { number: 80 } } } }] } }] }
`);
  const withServiceAddresses = (name: string, externalIPs: string[]) =>
    cluster.services.map((service): Service => (service.name === name ? { ...service, externalIPs } : service));

  /** The hosts that are not the objects that they were. */
  function listRecompiledHosts(changedCluster: Cluster, options: Options = FAST_OPTIONS): string[] {
    const cache = createCompileCache();
    const previousHosts = new Set<HostRules>(compile(cluster, FAST_OPTIONS, cache).rules.hosts);
    return compile(changedCluster, options, cache)
      .rules.hosts.filter((rules) => !previousHosts.has(rules))
      .map(({ host }) => host);
  }

  test("makes nothing anew where nothing changed", () => {
    assert.deepEqual(listRecompiledHosts({ ...cluster, ingresses: cluster.ingresses.toReversed() }), []);
  });

  test("is what the last one was where every list holds the same", () => {
    const cache = createCompileCache();
    const buildUnreadable = (problem: string) => [{ ...UNREADABLE_REFERENCE, problem }];
    const firstCompilation = compile(
      { ...cluster, unreadableReferences: buildUnreadable("forbidden") },
      FAST_OPTIONS,
      cache,
    );
    assert.equal(
      compile(
        { ...cluster, services: [...cluster.services], unreadableReferences: buildUnreadable("forbidden") },
        FAST_OPTIONS,
        cache,
      ),
      firstCompilation,
    );
    assert.notEqual(
      compile({ ...cluster, unreadableReferences: buildUnreadable("not found") }, FAST_OPTIONS, cache),
      firstCompilation,
    );
  });

  test("makes anew the hosts of a Service that changed, aliases too", () => {
    assert.deepEqual(listRecompiledHosts({ ...cluster, services: withServiceAddresses("one", ["203.0.113.9"]) }), [
      "alias.example.com",
      "first.example.com",
    ]);
  });

  test("makes anew the hosts of a Secret that is gone, and of none that nobody asked for", () => {
    const otherSecret: Secret = { namespace: "default", name: "other", source: "", type: undefined, data: {} };
    assert.deepEqual(listRecompiledHosts({ ...cluster, secrets: [] }), ["second.example.com"]);
    assert.deepEqual(listRecompiledHosts({ ...cluster, secrets: [...cluster.secrets, otherSecret] }), []);
  });

  test("makes anew the host of an Ingress that changed", () => {
    const [first, second] = cluster.ingresses;
    assert.ok(first && second);
    const annotations = { ...first.annotations, "edgress.dev/proxy-body-size": "1m" };
    assert.deepEqual(listRecompiledHosts({ ...cluster, ingresses: [second, { ...first, annotations }] }), [
      "alias.example.com",
      "first.example.com",
    ]);
  });

  test("makes anew the host that asks another for leave, where that is no longer served here", () => {
    const [first, second] = cluster.ingresses;
    assert.ok(first && second);
    const authenticatedIngress = {
      ...second,
      annotations: { "edgress.dev/auth-url": "https://first.example.com/check" },
    };
    const cache = createCompileCache();
    const findAuthTarget = (ingresses: Cluster["ingresses"]) => {
      const { rules } = compile({ ...cluster, ingresses }, FAST_OPTIONS, cache);
      return rules.hosts.find(({ host }) => host === "second.example.com")?.routes[0]?.policies.authorization?.external
        ?.target;
    };
    assert.deepEqual(findAuthTarget([first, authenticatedIngress]), {
      via: "rules",
      scheme: "https",
      host: "first.example.com",
      path: "/check",
    });
    assert.deepEqual(findAuthTarget([authenticatedIngress]), {
      via: "internet",
      origin: "https://first.example.com",
      path: "/check",
    });
  });

  test("compiles the host of a canary again if the canary changes", () => {
    const [first, second] = cluster.ingresses;
    assert.ok(first && second);
    const rules = [{ host: "first.example.com", paths: second.rules[0]?.paths ?? [] }];
    const buildCanary = (weight: string) => ({
      ...first,
      name: "canary",
      rules,
      annotations: { "edgress.dev/canary": "true", "edgress.dev/canary-weight": weight },
    });
    const cache = createCompileCache();
    const compileWithWeight = (weight: string) =>
      compileBothWays({ ...cluster, ingresses: [first, second, buildCanary(weight)] }, FAST_OPTIONS, cache).rules.hosts;
    assert.notDeepEqual(compileWithWeight("10"), compileWithWeight("20"));
  });

  test("makes everything anew under other options", () => {
    assert.equal(listRecompiledHosts(cluster, { ...FAST_OPTIONS, allowedResponseHeaders: ["X-Any"] }).length, 4);
  });
});

describe("what compiling asks for", () => {
  const buildIngressYaml = (name: string, annotations: string) => `
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { namespace: shop, name: ${name}, annotations: { ${annotations} } }
spec:
  tls: [{ hosts: [${name}.example.com], secretName: certificate }]
  rules: [{ host: ${name}.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: one, port: { number: 80 } } } }] } }]
`;
  const cluster = parseClusterYaml(`
apiVersion: v1
kind: Secret
metadata: { namespace: shop, name: staff }
stringData: { auth: "ann:hash" }
${buildIngressYaml("a", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: staff")}
${buildIngressYaml("b", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: shop/staff, edgress.dev/custom-headers: shop/headers")}
${buildIngressYaml("c", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: missing")}
${buildIngressYaml("d", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: other/theirs")}
`);
  const listDiagnosticLines = (compiledCluster: Cluster) =>
    compile(compiledCluster, FAST_OPTIONS).diagnostics.map(formatDiagnostic);

  test("are the Secrets and ConfigMaps of its own namespace that annotations name, there or not, each once", () => {
    assert.deepEqual(compile(cluster, FAST_OPTIONS).references, [
      { kind: "ConfigMap", namespace: "shop", name: "headers" },
      { kind: "Secret", namespace: "shop", name: "missing" },
      { kind: "Secret", namespace: "shop", name: "staff" },
    ]);
  });

  test("are the same where a round has nothing to do", () => {
    const cache = createCompileCache();
    compile(cluster, FAST_OPTIONS, cache);
    assert.equal(compile({ ...cluster }, FAST_OPTIONS, cache).references.length, 3);
  });

  test("is refused, and closes, with the reason why it cannot be read", () => {
    const unreadableReference = {
      kind: "Secret",
      namespace: "shop",
      name: "staff",
      problem: "the sync job may not read it",
    } as const;
    const { rules, diagnostics } = compile(
      { ...cluster, secrets: [], unreadableReferences: [unreadableReference] },
      FAST_OPTIONS,
    );
    const problem = "Secret shop/staff is unreadable: the sync job may not read it";
    assert.deepEqual(rules.hosts[0]?.routes[0]?.policies.failClosed, { reason: `auth-secret: ${problem}` });
    const reports = diagnostics
      .filter((diagnostic) => diagnostic.problem === problem)
      .map(({ reason, object }) => `${reason} ${object}`);
    assert.deepEqual(reports, ["RouteFailedClosed Ingress shop/a", "RouteFailedClosed Ingress shop/b"]);
  });

  test("says nothing of certificates where they are not read", () => {
    const isMissingCertificate = (line: string) => line.includes("TLSSecretNotFound");
    assert.equal(listDiagnosticLines(cluster).filter(isMissingCertificate).length, 4);
    assert.equal(listDiagnosticLines({ ...cluster, certificates: "unknown" }).filter(isMissingCertificate).length, 0);
  });
});
