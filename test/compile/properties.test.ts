import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { matchHost } from "../../src/match/match-host.ts";
import { buildRouteTable, findRoute } from "../../src/match/route-table.ts";
import { normalizeHost, parseHost } from "../../src/rules/hosts.ts";
import { buildOriginPath, encodePath, normalizePath } from "../../src/rules/paths.ts";
import { flag } from "../../src/rules/policies/annotation-types.ts";
import { compiledPolicies } from "../../src/rules/policies/compiled-policies.ts";
import type { PolicySettings } from "../../src/rules/policies/index.ts";
import type { Annotation } from "../../src/rules/policies/policy.ts";
import { failure, success } from "../../src/rules/result.ts";
import { Manifest, type PathMatch, type Route, Shard } from "../../src/rules/snapshot.ts";
import { parseCluster, type RawObject } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createRegexInspector } from "../../sync/compile/hosts/regex-safety.ts";
import type { Compilation } from "../../sync/compile/model.ts";
import type { Options } from "../../sync/compile/options.ts";
import type { Permits } from "../../sync/permits/model.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { planPublication } from "../../sync/publish/plan-publication.ts";
import {
  buildIngressArbitrary,
  competingIngresses,
  hostHeader,
  INGRESS_NAMES,
  malformedIngress,
  objects,
  plainRules,
  rawPath,
} from "../support/arbitraries.ts";
import { OPTIONS, ZONES } from "../support/fixture.ts";

// An inspection of an expression takes some 50 ms; where the time to match it is not the matter, all are taken.
const FAST_OPTIONS: Options = { ...OPTIONS, zones: ZONES, inspect: () => success(true) };
const NOW = new Date("2026-03-01T12:00:00Z");

function compileObjects(all: readonly unknown[], options = FAST_OPTIONS): Compilation {
  return compile(parseCluster(buildRawObjects(all)), options);
}

function buildRawObjects(all: readonly unknown[]): RawObject[] {
  return all.map((object) => ({ object, source: toCanonicalJson(object) }));
}

describe("compiling", () => {
  test("gives the same bytes in whatever order objects arrive", () => {
    const shuffled = objects.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) =>
        assert.equal(toCanonicalJson(compileObjects(other)), toCanonicalJson(compileObjects(all))),
      ),
    );
  });

  test("makes nothing that the edge cannot read", () => {
    fc.assert(fc.property(objects, (all) => assertReadable(compileObjects(all))));
  });

  test("never throws, whatever JSON the objects are", () => {
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

  test("an object that cannot be read adds diagnostics, and changes nothing else", () => {
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

  test("an Ingress that fails costs no other host its routes", () => {
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

  test("takes no expression that could take very long to match", () => {
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

describe("permits", () => {
  interface Rival {
    readonly metadata: { readonly namespace: string };
  }

  const filterNamespace = (all: readonly Rival[], namespace: string) =>
    all.filter(({ metadata }) => metadata.namespace === namespace);

  function permits(claims: Permits["claims"]): Options {
    return { ...FAST_OPTIONS, permits: { ...FAST_OPTIONS.permits, claims } };
  }

  test("that give each of two namespaces its own host leave either's as if the other were not there", () => {
    const options = permits([
      { namespaces: ["default"], hosts: ["a.example.com"], paths: ["/"] },
      { namespaces: ["shop"], hosts: ["b.example.com"], paths: ["/"] },
    ]);
    fc.assert(
      fc.property(competingIngresses, ({ ingresses, services }) => {
        const { hosts } = compileObjects([...ingresses, ...services], options).rules;
        for (const [namespace, host] of [
          ["default", "a.example.com"],
          ["shop", "b.example.com"],
        ] as const) {
          const alone = compileObjects([...filterNamespace(ingresses, namespace), ...services], options).rules.hosts;
          assert.ok(alone.every((rules) => rules.host === host));
          assert.deepEqual(
            hosts.filter((rules) => rules.host === host),
            alone,
          );
          for (const { id } of alone.flatMap(({ routes }) => routes)) assert.ok(id.startsWith(`${namespace}/`));
        }
        assert.ok(hosts.every(({ host }) => host === "a.example.com" || host === "b.example.com"));
      }),
      { numRuns: 200 },
    );
  });

  test("that give a namespace a path of another's hosts give it nothing else of them", () => {
    const options = permits([
      { namespaces: ["default"], hosts: ["*"], paths: ["/"] },
      { namespaces: ["shop"], hosts: ["*.example.com"], paths: ["/foo"] },
    ]);
    const segment = fc.constantFrom("foo", "FOO", "Foo", "foobar", "fo", "bar", "admin", "ADMIN", "café", "x");
    const pathArbitrary = fc
      .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom("", "/"))
      .map(([segments, end]) => normalizePath(`/${segments.join("/")}${end}`) ?? "/");
    const host = fc.constantFrom(
      "a.example.com",
      "b.example.com",
      "c.example.com",
      "www.b.example.com",
      "other.example.net",
    );
    fc.assert(
      fc.property(
        competingIngresses,
        host,
        fc.array(pathArbitrary, { minLength: 10 }),
        ({ ingresses, services }, requestedHost, paths) => {
          const respondWithBoth = createResponder(compileObjects([...ingresses, ...services], options), requestedHost);
          const respondAlone = createResponder(
            compileObjects([...filterNamespace(ingresses, "default"), ...services], options),
            requestedHost,
          );
          for (const path of paths) {
            // Within its path it may take requests; and of two that write the same path there, the older has it.
            if (/^\/foo(\/|$)/.test(path) || isContested(respondAlone(path).match)) continue;
            assert.deepEqual(respondWithBoth(path).response, respondAlone(path).response, `${requestedHost}${path}`);
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  function isContested(match: PathMatch | undefined): boolean {
    const text = match?.type === "regex" ? match.pattern : match?.path;
    return text !== undefined && /^\^?\/foo/.test(text);
  }

  /** What a host answers at a path (the policies of the host, and the route with its own), and by which match. */
  function createResponder({ rules }: Compilation, host: string) {
    const matchedHost = matchHost(new Map(rules.hosts.map((hostRules) => [hostRules.host, hostRules])), host);
    const table = matchedHost && buildRouteTable(matchedHost);
    return (path: string): { readonly response: unknown; readonly match: PathMatch | undefined } => {
      const match = table ? findRoute(table, path) : "no-match";
      return selectResponse(matchedHost?.policies ?? {}, typeof match === "object" ? match.route : undefined);
    };
  }

  function selectResponse(host: PolicySettings, route: Route | undefined) {
    const redirect = host.fromToWww ?? route?.policies.fromToWww;
    if (redirect || !route) return { response: redirect ?? { host }, match: undefined };
    const { id, policies, backend } = route;
    return { response: { id, policies, backend, host }, match: route.path };
  }
});

/** What an edge would find in KV passes its own, strict schemas, and holds nothing that JSON loses. */
function assertReadable({ rules }: Compilation): void {
  const publication = planPublication(rules, undefined, 1, NOW);
  assert.ok(publication);
  const { manifest, shards } = publication;
  assert.deepEqual(Manifest.parse(JSON.parse(toCanonicalJson(manifest))), manifest);
  const hosts = [...shards.values()].flatMap((bytes) => Shard.parse(JSON.parse(bytes)).hosts);
  assert.equal(hosts.length, rules.hosts.length);
  for (const host of hosts) buildRouteTable(host);
}

interface PlainRule {
  readonly host: string | undefined;
  readonly path: string;
  readonly slash: boolean;
  readonly pathType: string;
}

/**
 * The rule that a request belongs to, as the Ingress documentation says: the exact host, else the wildcard over one label,
 * else rules without a host; then the longest path, and of equally long ones the exact.
 */
function findPlainRule(rules: readonly PlainRule[], host: string, path: string): PlainRule | undefined {
  const wildcard = `*.${host.split(".").slice(1).join(".")}`;
  const named = [host, wildcard, undefined].find((name) => rules.some((rule) => rule.host === name));
  const elements = (text: string) => text.split("/").filter((element) => element !== "");
  const matches = rules.filter((rule) => {
    if (rule.host !== named) return false;
    if (rule.pathType === "Exact") return formatPath(rule) === path;
    return elements(rule.path).every((element, index) => element === elements(path)[index]);
  });
  const rank = (rule: PlainRule) => 2 * elements(rule.path).length + (rule.pathType === "Exact" ? 1 : 0);
  return matches.toSorted((a, b) => rank(b) - rank(a))[0];
}

function formatPath({ path, slash }: PlainRule): string {
  return slash && path !== "/" ? `${path}/` : path;
}

describe("matching", () => {
  test("finds what a plain reading of the rules finds", () => {
    const host = fc.constantFrom("a.example.com", "b.example.com", "c.example.com", "d.c.example.com");
    const path = fc
      .tuple(fc.array(fc.constantFrom("a", "b", "aa", "A"), { maxLength: 4 }), fc.boolean())
      .map(([segments, slash]) => `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`);
    fc.assert(
      fc.property(plainRules, host, path, (rules: readonly PlainRule[], requestedHost, requestedPath) => {
        const backend = { service: { name: "one", port: { number: 80 } } };
        const spec = {
          rules: rules.map((rule) => ({
            host: rule.host,
            http: { paths: [{ path: formatPath(rule), pathType: rule.pathType, backend }] },
          })),
        };
        const all = [{ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "i" }, spec }];
        const hosts = new Map(compileObjects(all).rules.hosts.map((hostRules) => [hostRules.host, hostRules]));
        const matchedHost = matchHost(hosts, requestedHost);
        const match = matchedHost ? findRoute(buildRouteTable(matchedHost), requestedPath) : "no-match";
        const expected = findPlainRule(rules, requestedHost, requestedPath);
        const id = expected ? `default/i#${rules.indexOf(expected)}.0` : undefined;
        assert.equal(typeof match === "string" ? undefined : match.route.id, id);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("hosts", () => {
  test("normalise to a fixed point", () => {
    fc.assert(
      fc.property(hostHeader, (header) => assert.equal(normalizeHost(normalizeHost(header)), normalizeHost(header))),
    );
    fc.assert(
      fc.property(fc.oneof(hostHeader, fc.string()), (text) => {
        const host = parseHost(text);
        if (!host.ok || host.value === "*") return;
        assert.deepEqual(parseHost(host.value), host);
        assert.equal(normalizeHost(host.value), host.value);
      }),
    );
  });
});

describe("paths", () => {
  const wellFormed = rawPath.filter((raw) => raw.isWellFormed());

  test("never keep a way up, a double slash or a NUL", () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = normalizePath(raw);
        if (path === undefined) return;
        assert.match(path, /^\//);
        assert.doesNotMatch(path, /\/\/|\/\.\.?(\/|$)|\0/);
      }),
      { numRuns: 2000 },
    );
  });

  test("stay as they are once they are normalised", () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = normalizePath(raw);
        if (path !== undefined) assert.equal(normalizePath(encodePath(path)), path);
      }),
      { numRuns: 2000 },
    );
  });

  test("reach the origin as what was matched, also where fetch resolves their dots", () => {
    fc.assert(
      fc.property(wellFormed, (raw) => {
        const path = normalizePath(raw);
        // A request's path has no control characters, and its query is not part of it.
        if (path === undefined || /[\x00-\x20?#]/.test(raw)) return;
        const fetched = new URL(`http://a.example.com${buildOriginPath(raw, path)}`).pathname;
        assert.equal(normalizePath(fetched), path);
        const rewritten = new URL(`http://a.example.com${encodePath(path)}`).pathname;
        assert.equal(normalizePath(rewritten), path);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("annotations", () => {
  test("a flag that is printed reads as what it was, in all of Go's spellings and no others", () => {
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
    test(`the settings of ${policy.name} satisfy its schema`, () => {
      const table = Object.entries<Annotation<unknown>>(policy.annotations);
      const texts = table.map(([, { example }]) => example);
      const text = fc.constantFrom("true", "false", "/", "/a", "/$1", "https://a.example.com", "", ...texts);
      const annotationTexts = fc.record(Object.fromEntries(table.map(([name]) => [name, text])), { requiredKeys: [] });
      const policyContext = fc.record({
        host: fc.constantFrom("a.example.com", "*.example.com", "*"),
        path: fc.constantFrom("", "/", "/a", "/(.*)", "/%"),
        tls: fc.boolean(),
        isLegacy: fc.boolean().map((legacy) => () => legacy),
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

  test("the example of every annotation is one that can be read", () => {
    for (const { annotations } of compiledPolicies) {
      for (const { example, parse } of Object.values<Annotation<unknown>>(annotations)) {
        assert.equal(parse(example).ok, true, example);
      }
    }
  });
});
