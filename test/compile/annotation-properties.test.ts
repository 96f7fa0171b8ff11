import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { flag } from "../../src/rules/policies/annotation-types.ts";
import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";
import type { Annotation } from "../../src/rules/policies/policy.ts";
import { failure, success } from "../../src/rules/result.ts";

describe("annotations", () => {
  test("A flag accepts the spellings of Go's strconv.ParseBool and no others", () => {
    const { parse } = flag({ doc: "", example: "true", default: "false" });
    for (const value of [true, false]) assert.deepEqual(parse(String(value)), { ok: true, value });
    for (const text of ["1", "t", "T", "TRUE", "true", "True"])
      assert.deepEqual(parse(text), { ok: true, value: true });
    for (const text of ["0", "f", "F", "FALSE", "false", "False"]) {
      assert.deepEqual(parse(text), { ok: true, value: false });
    }
    for (const text of ["", "yes", "on", "tRUE", "2", " true"]) assert.equal(parse(text).ok, false);
  });

  for (const policy of compiledPolicies) {
    test(`The settings of ${policy.name} satisfy its schema`, () => {
      const table = Object.entries<Annotation<unknown>>(policy.annotations);
      const texts = table.map(([, { example }]) => example);
      const text = fc.constantFrom("true", "false", "/", "/a", "/$1", "https://a.example.com", "", ...texts);
      const annotationTexts = fc.record(Object.fromEntries(table.map(([name]) => [name, text])), { requiredKeys: [] });
      const policyContext = fc.record({
        host: fc.constantFrom("a.example.com", "*.example.com", "*"),
        path: fc.constantFrom("", "/", "/a", "/(.*)", "/%"),
        tls: fc.boolean(),
        isLegacy: fc.boolean().map((legacy) => () => legacy),
        isSet: fc.boolean().map((set) => () => set),
        isEnforced: fc.boolean().map((enforced) => () => enforced),
        readSecret: fc.constantFrom(
          () => success({ auth: "ann:hash", "ca.crt": "any" }),
          () => failure("there is no Secret"),
        ),
        resolveTarget: fc.constantFrom(
          () => success({ via: "backend", backend: "default/shop:80", path: "/" }),
          () => failure("nothing is there"),
        ),
        translateRegex: fc.constantFrom(success, () => failure("it could take long")),
        tokenizeSecret: fc.constant(() => "[sealed]"),
        deny: fc.constant(() => undefined),
        isFallback: fc.boolean(),
        namespace: fc.constant("default"),
        ingress: fc.constant("shop"),
        service: fc.constantFrom("", "shop"),
        port: fc.constantFrom("80", "http"),
        zones: fc.constant(["example.com"]),
        allowedResponseHeaders: fc.constant(["x-frame-options"]),
        readConfigMap: fc
          .constantFrom(
            success({ "X-Frame-Options": "DENY" }),
            success({ "X-Other": "a" }),
            failure("there is no ConfigMap"),
          )
          .map((result) => () => result),
        resolveBackend: fc
          .constantFrom(success("default/shop:80"), failure("there is no such Service"))
          .map((result) => () => result),
        failClosed: fc.constant(() => undefined),
        warn: fc.constant(() => undefined),
      });
      // The cast: a table of mixed types meets a loop.
      const fromAnnotations = policy.fromAnnotations as (values: object, context: object) => unknown;
      fc.assert(
        fc.property(annotationTexts, policyContext, (annotations, context) => {
          const values = Object.entries(annotations).flatMap(([name, text]) => {
            const result = table.find(([key]) => key === name)?.[1].parse(String(text));
            return result?.ok ? [[name, result.value] as const] : [];
          });
          const settings = fromAnnotations(Object.fromEntries(values), context);
          if (settings !== undefined) assert.deepEqual(policy.settings.parse(settings), settings);
        }),
      );
    });
  }

  test("The example of every annotation is valid", () => {
    for (const { annotations } of compiledPolicies) {
      for (const { example, parse } of Object.values<Annotation<unknown>>(annotations)) {
        assert.equal(parse(example).ok, true, example);
      }
    }
  });
});
