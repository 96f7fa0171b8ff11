import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { createRegexInspector } from "../../sync/compile/hosts/regex-safety.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { buildIngressArbitrary, INGRESS_NAMES, malformedIngress, objects } from "../support/arbitraries.ts";
import { assertReadable, compileObjects, FAST_OPTIONS } from "./compile-objects.ts";

describe("compiling", () => {
  test("The order of objects does not change the compiled bytes", () => {
    const shuffled = objects.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) =>
        assert.equal(toCanonicalJson(compileObjects(other)), toCanonicalJson(compileObjects(all))),
      ),
    );
  });

  test("Every compilation satisfies the edge's schemas", () => {
    fc.assert(fc.property(objects, (all) => assertReadable(compileObjects(all))));
  });

  test("A compilation never throws, for any JSON objects", () => {
    fc.assert(fc.property(fc.array(fc.jsonValue()), (all) => assertReadable(compileObjects(all))));
    const junk = fc.record(
      {
        apiVersion: fc.constantFrom("networking.k8s.io/v1", "extensions/v1beta1", "v1", 7),
        kind: fc.constantFrom("Ingress", "Service", "IngressClass", "Secret", "List", "IngressList"),
        metadata: fc.record({ name: fc.constantFrom("a", "__proto__", 7), annotations: fc.jsonValue() }),
        spec: fc.jsonValue(),
        items: fc.jsonValue(),
        status: fc.jsonValue(),
      },
      { requiredKeys: ["kind"] },
    );
    fc.assert(fc.property(fc.array(junk), (all) => assertReadable(compileObjects(all))));
  });

  test("An unreadable object adds diagnostics and changes nothing else", () => {
    fc.assert(
      fc.property(objects, malformedIngress, (all, broken) => {
        const [without, with_] = [compileObjects(all), compileObjects([...all, broken])];
        assert.deepEqual(with_.rules, without.rules);
        assert.deepEqual(
          with_.diagnostics.filter(({ object }) => object !== "Ingress default/broken"),
          without.diagnostics,
        );
        assert.equal(with_.diagnostics.length, without.diagnostics.length + 1);
      }),
    );
  });

  test("A failing Ingress costs no other host its routes", () => {
    const other = buildIngressArbitrary({
      hosts: ["own.example.com", "bad host"],
      hostlessRules: false,
      names: ["failing"],
    });
    fc.assert(
      fc.property(objects, other, (all, failing) => {
        // A certificate for a host of its own says nothing of others. Further names may be others' by right.
        const [without, with_] = [compileObjects(all), compileObjects([...all, withoutNames(failing)])];
        const others = with_.rules.hosts.filter(({ host }) => host !== "own.example.com");
        assert.deepEqual(others, without.rules.hosts);
      }),
    );
  });

  /** An Ingress but for the annotations that ask for names beside its hosts. */
  function withoutNames<T extends { metadata: { annotations: Readonly<Record<string, string>> } }>(object: T): T {
    const otherAnnotations = Object.entries(object.metadata.annotations).filter(
      ([key]) => !/\/(server-alias|from-to-www-redirect)$/.test(key),
    );
    return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(otherAnnotations) } };
  }

  test("A compilation contains no regex with exponential or cubic time", () => {
    const catastrophic = [
      "(a+)+$",
      "(a|a)*$",
      "(a|aa)+$",
      "([a-zA-Z]+)*$",
      "(.*)*x",
      "(\\w+\\s?)*$",
      ".*.*.*.*x",
      "(a+)+\\$",
    ];
    const inspect = createRegexInspector();
    const cases = fc.tuple(
      fc.constantFrom(...catastrophic),
      fc.constantFrom("/", "/api/"),
      fc.constantFrom(...INGRESS_NAMES),
    );
    fc.assert(
      fc.property(cases, ([expression, before, name]) => {
        const backend = { service: { name: "one", port: { number: 80 } } };
        const paths = [{ path: before + expression, pathType: "ImplementationSpecific", backend }];
        const metadata = { name, annotations: { "edgress.dev/use-regex": "true" } };
        const spec = { rules: [{ host: "a.example.com", http: { paths } }] };
        const object = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec };
        const { rules, diagnostics } = compileObjects([object], { ...FAST_OPTIONS, inspect });
        assert.deepEqual(
          rules.hosts.flatMap(({ routes }) => routes),
          [],
        );
        assert.deepEqual(
          diagnostics.map(({ reason }) => reason),
          ["UnsafeRegex"],
        );
      }),
      { numRuns: 40 },
    );
  });
});
