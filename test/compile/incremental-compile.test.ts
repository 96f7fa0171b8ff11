import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import { competingIngresses } from "../support/competing-ingresses.ts";
import { OPTIONS } from "../support/fixture.ts";
import { assertUnchanged, FAST_OPTIONS, UNREADABLE_REFERENCE } from "./incremental.ts";

const PERMITS: Options["permits"] = {
  claims: [
    { namespaces: ["default"], hosts: ["*"], paths: ["/"] },
    { namespaces: ["shop"], hosts: ["*.example.com"], paths: ["/foo"] },
  ],
  limits: [{ namespaces: ["*"], maxRoutes: 6 }],
  origins: { type: "public" },
};

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

describe("compilations with a cache", () => {
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

  for (const [title, options] of [
    ["A cached compilation equals a fresh one after any changes", FAST_OPTIONS],
    ["A cached compilation equals a fresh one after any changes, with permits", { ...FAST_OPTIONS, permits: PERMITS }],
  ] as const) {
    test(title, () => {
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
});
