import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { firstHost } from "../src/match/host.ts";
import { lookUp, tableOf } from "../src/match/table.ts";
import { hostOf, parseHost } from "../src/rules/hosts.ts";
import { parsed, refused } from "../src/rules/parsed.ts";
import { encodePath, forwardedPath, normalisePath } from "../src/rules/paths.ts";
import { allPolicies } from "../src/rules/policies/all.ts";
import type { Annotation } from "../src/rules/policies/define.ts";
import type { PolicySettings } from "../src/rules/policies/index.ts";
import { flag } from "../src/rules/policies/kinds.ts";
import { Manifest, type PathMatch, type Route, Shard } from "../src/rules/snapshot.ts";
import { clusterOf, type Found } from "../sync/collect/objects.ts";
import { inspector } from "../sync/compile/backtracking.ts";
import { type Compiled, compile } from "../sync/compile/compile.ts";
import type { Options } from "../sync/compile/options.ts";
import type { Permits } from "../sync/compile/permits.ts";
import { canonical } from "../sync/publish/canonical.ts";
import { plan } from "../sync/publish/plan.ts";
import {
  hostHeader,
  ingress,
  malformedIngress,
  NAMES,
  objects,
  plainRules,
  rawPath,
  rivals,
} from "./support/arbitraries.ts";
import { OPTIONS, ZONES } from "./support/fixture.ts";

// An inspection of an expression takes some 50 ms; where the time to match it is not the matter, all are taken.
const QUICK: Options = { ...OPTIONS, zones: ZONES, inspect: () => parsed(true) };
const NOW = new Date("2026-03-01T12:00:00Z");

function compiled(all: readonly unknown[], options = QUICK): Compiled {
  return compile(clusterOf(found(all)), options);
}

function found(all: readonly unknown[]): Found[] {
  return all.map((object) => ({ object, source: canonical(object) }));
}

describe("compiling", () => {
  test("gives the same bytes in whatever order objects arrive", () => {
    const shuffled = objects.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, ([all, other]) => assert.equal(canonical(compiled(other)), canonical(compiled(all)))),
    );
  });

  test("makes nothing that the edge cannot read", () => {
    fc.assert(fc.property(objects, (all) => assertReadable(compiled(all))));
  });

  test("never throws, whatever JSON the objects are", () => {
    fc.assert(fc.property(fc.array(fc.jsonValue()), (all) => assertReadable(compiled(all))));
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
    fc.assert(fc.property(fc.array(junk), (all) => assertReadable(compiled(all))));
  });

  test("an object that cannot be read adds diagnostics, and changes nothing else", () => {
    fc.assert(
      fc.property(objects, malformedIngress, (all, broken) => {
        const [without, with_] = [compiled(all), compiled([...all, broken])];
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
    const other = ingress({ hosts: ["own.example.com", "bad host"], anyHost: false, names: ["failing"] });
    fc.assert(
      fc.property(objects, other, (all, failing) => {
        // A certificate for a host of its own says nothing of others. Further names may be others' by right.
        const [without, with_] = [compiled(all), compiled([...all, withoutNames(failing)])];
        const others = with_.rules.hosts.filter(({ host }) => host !== "own.example.com");
        assert.deepEqual(others, without.rules.hosts);
      }),
    );
  });

  /** An Ingress but for the annotations that ask for names beside its hosts. */
  function withoutNames<T extends { metadata: { annotations: Readonly<Record<string, string>> } }>(object: T): T {
    const kept = Object.entries(object.metadata.annotations).filter(
      ([key]) => !/\/(server-alias|from-to-www-redirect)$/.test(key),
    );
    return { ...object, metadata: { ...object.metadata, annotations: Object.fromEntries(kept) } };
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
    const inspect = inspector();
    const cases = fc.tuple(fc.constantFrom(...catastrophic), fc.constantFrom("/", "/api/"), fc.constantFrom(...NAMES));
    fc.assert(
      fc.property(cases, ([expression, before, name]) => {
        const backend = { service: { name: "one", port: { number: 80 } } };
        const paths = [{ path: before + expression, pathType: "ImplementationSpecific", backend }];
        const metadata = { name, annotations: { "edgress.dev/use-regex": "true" } };
        const spec = { rules: [{ host: "a.example.com", http: { paths } }] };
        const object = { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata, spec };
        const { rules, diagnostics } = compiled([object], { ...QUICK, inspect });
        assert.deepEqual(
          rules.hosts.flatMap(({ routes }) => routes),
          [],
        );
        assert.deepEqual(
          diagnostics.map(({ reason }) => reason),
          ["ExpressionRefused"],
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

  const only = (all: readonly Rival[], namespace: string) =>
    all.filter(({ metadata }) => metadata.namespace === namespace);

  function permits(claims: Permits["claims"]): Options {
    return { ...QUICK, permits: { ...QUICK.permits, claims } };
  }

  test("that give each of two namespaces its own host leave either's as if the other were not there", () => {
    const options = permits([
      { namespaces: ["default"], hosts: ["a.example.com"], paths: ["/"] },
      { namespaces: ["shop"], hosts: ["b.example.com"], paths: ["/"] },
    ]);
    fc.assert(
      fc.property(rivals, ({ ingresses, services }) => {
        const { hosts } = compiled([...ingresses, ...services], options).rules;
        for (const [namespace, host] of [
          ["default", "a.example.com"],
          ["shop", "b.example.com"],
        ] as const) {
          const alone = compiled([...only(ingresses, namespace), ...services], options).rules.hosts;
          assert.ok(alone.every((own) => own.host === host));
          assert.deepEqual(
            hosts.filter((own) => own.host === host),
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
    const path = fc
      .tuple(fc.array(segment, { maxLength: 3 }), fc.constantFrom("", "/"))
      .map(([segments, end]) => normalisePath(`/${segments.join("/")}${end}`) ?? "/");
    const host = fc.constantFrom(
      "a.example.com",
      "b.example.com",
      "c.example.com",
      "www.b.example.com",
      "other.example.net",
    );
    fc.assert(
      fc.property(rivals, host, fc.array(path, { minLength: 10 }), ({ ingresses, services }, asked, paths) => {
        const both = answering(compiled([...ingresses, ...services], options), asked);
        const alone = answering(compiled([...only(ingresses, "default"), ...services], options), asked);
        for (const at of paths) {
          // Within its path it may take requests; and of two that write the same path there, the older has it.
          if (/^\/foo(\/|$)/.test(at) || isContested(alone(at).taking)) continue;
          assert.deepEqual(both(at).answer, alone(at).answer, `${asked}${at}`);
        }
      }),
      { numRuns: 400 },
    );
  });

  function isContested(match: PathMatch | undefined): boolean {
    const text = match?.type === "regex" ? match.pattern : match?.path;
    return text !== undefined && /^\^?\/foo/.test(text);
  }

  /** What a host answers at a path (the policies of the host, and the route with its own), and by which match. */
  function answering({ rules }: Compiled, host: string) {
    const taken = firstHost(new Map(rules.hosts.map((own) => [own.host, own])), host);
    const table = taken && tableOf(taken);
    return (path: string): { readonly answer: unknown; readonly taking: PathMatch | undefined } => {
      const found = table ? lookUp(table, path) : "nothing";
      return answerOf(taken?.policies ?? {}, typeof found === "object" ? found.route : undefined);
    };
  }

  function answerOf(host: PolicySettings, route: Route | undefined) {
    const sentOn = host.fromToWww ?? route?.policies.fromToWww;
    if (sentOn || !route) return { answer: sentOn ?? { host }, taking: undefined };
    const { id, policies, backend } = route;
    return { answer: { id, policies, backend, host }, taking: route.path };
  }
});

/** What an edge would find in KV passes its own, strict schemas, and holds nothing that JSON loses. */
function assertReadable({ rules }: Compiled): void {
  const publication = plan(rules, undefined, 1, NOW);
  assert.ok(publication);
  const { manifest, shards } = publication;
  assert.deepEqual(Manifest.parse(JSON.parse(canonical(manifest))), manifest);
  const hosts = [...shards.values()].flatMap((bytes) => Shard.parse(JSON.parse(bytes)).hosts);
  assert.equal(hosts.length, rules.hosts.length);
  for (const host of hosts) tableOf(host);
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
function plainReading(rules: readonly PlainRule[], host: string, path: string): PlainRule | undefined {
  const wildcard = `*.${host.split(".").slice(1).join(".")}`;
  const named = [host, wildcard, undefined].find((name) => rules.some((rule) => rule.host === name));
  const elements = (text: string) => text.split("/").filter((element) => element !== "");
  const matches = rules.filter((rule) => {
    if (rule.host !== named) return false;
    if (rule.pathType === "Exact") return written(rule) === path;
    return elements(rule.path).every((element, index) => element === elements(path)[index]);
  });
  const rank = (rule: PlainRule) => 2 * elements(rule.path).length + (rule.pathType === "Exact" ? 1 : 0);
  return matches.toSorted((a, b) => rank(b) - rank(a))[0];
}

function written({ path, slash }: PlainRule): string {
  return slash && path !== "/" ? `${path}/` : path;
}

describe("matching", () => {
  test("finds what a plain reading of the rules finds", () => {
    const host = fc.constantFrom("a.example.com", "b.example.com", "c.example.com", "d.c.example.com");
    const path = fc
      .tuple(fc.array(fc.constantFrom("a", "b", "aa", "A"), { maxLength: 4 }), fc.boolean())
      .map(([segments, slash]) => `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`);
    fc.assert(
      fc.property(plainRules, host, path, (rules: readonly PlainRule[], asked, at) => {
        const backend = { service: { name: "one", port: { number: 80 } } };
        const spec = {
          rules: rules.map((rule) => ({
            host: rule.host,
            http: { paths: [{ path: written(rule), pathType: rule.pathType, backend }] },
          })),
        };
        const all = [{ apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name: "i" }, spec }];
        const hosts = new Map(compiled(all).rules.hosts.map((own) => [own.host, own]));
        const taken = firstHost(hosts, asked);
        const found = taken ? lookUp(tableOf(taken), at) : "nothing";
        const expected = plainReading(rules, asked, at);
        const id = expected ? `default/i#${rules.indexOf(expected)}.0` : undefined;
        assert.equal(typeof found === "string" ? undefined : found.route.id, id);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("hosts", () => {
  test("normalise to a fixed point", () => {
    fc.assert(fc.property(hostHeader, (header) => assert.equal(hostOf(hostOf(header)), hostOf(header))));
    fc.assert(
      fc.property(fc.oneof(hostHeader, fc.string()), (text) => {
        const host = parseHost(text);
        if (!host.ok || host.value === "*") return;
        assert.deepEqual(parseHost(host.value), host);
        assert.equal(hostOf(host.value), host.value);
      }),
    );
  });
});

describe("paths", () => {
  const wellFormed = rawPath.filter((raw) => raw.isWellFormed());

  test("never keep a way up, a double slash or a NUL", () => {
    fc.assert(
      fc.property(rawPath, (raw) => {
        const path = normalisePath(raw);
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
        const path = normalisePath(raw);
        if (path !== undefined) assert.equal(normalisePath(encodePath(path)), path);
      }),
      { numRuns: 2000 },
    );
  });

  test("reach the origin as what was matched, also where fetch resolves their dots", () => {
    fc.assert(
      fc.property(wellFormed, (raw) => {
        const path = normalisePath(raw);
        // A request's path has no control characters, and its query is not part of it.
        if (path === undefined || /[\x00-\x20?#]/.test(raw)) return;
        const fetched = new URL(`http://a.example.com${forwardedPath(raw, path)}`).pathname;
        assert.equal(normalisePath(fetched), path);
        const rewritten = new URL(`http://a.example.com${encodePath(path)}`).pathname;
        assert.equal(normalisePath(rewritten), path);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("annotations", () => {
  test("a flag that is printed reads as what it was, in all of Go's spellings and no others", () => {
    const { parse } = flag({ doc: "", example: "true" });
    for (const value of [true, false]) assert.deepEqual(parse(String(value)), { ok: true, value });
    for (const text of ["1", "t", "T", "TRUE", "true", "True"])
      assert.deepEqual(parse(text), { ok: true, value: true });
    for (const text of ["0", "f", "F", "FALSE", "false", "False"]) {
      assert.deepEqual(parse(text), { ok: true, value: false });
    }
    for (const text of ["", "yes", "on", "tRUE", "2", " true"]) assert.equal(parse(text).ok, false);
  });

  for (const policy of allPolicies) {
    test(`the settings of ${policy.name} satisfy its schema`, () => {
      const table = Object.entries<Annotation<unknown>>(policy.annotations);
      const texts = table.map(([, { example }]) => example);
      const text = fc.constantFrom("true", "false", "/", "/a", "/$1", "https://a.example.com", "", ...texts);
      const given = fc.record(Object.fromEntries(table.map(([name]) => [name, text])), { requiredKeys: [] });
      const place = fc.record({
        host: fc.constantFrom("a.example.com", "*.example.com", "*"),
        path: fc.constantFrom("", "/", "/a", "/(.*)", "/%"),
        tls: fc.boolean(),
        isLegacy: fc.boolean().map((legacy) => () => legacy),
        secret: fc.constantFrom(
          () => parsed({ auth: "ann:hash", "ca.crt": "any" }),
          () => refused("there is no Secret"),
        ),
        target: fc.constantFrom(
          () => parsed({ via: "backend", backend: "default/shop:80", path: "/" }),
          () => refused("nothing is there"),
        ),
        expression: fc.constantFrom(parsed, () => refused("it could take long")),
        seal: fc.constant(() => "[sealed]"),
        deny: fc.constant(() => undefined),
        isFallback: fc.boolean(),
        namespace: fc.constant("default"),
        ingress: fc.constant("shop"),
        service: fc.constantFrom("", "shop"),
        port: fc.constantFrom("80", "http"),
        zones: fc.constant(["example.com"]),
        allowedResponseHeaders: fc.constant(["x-frame-options"]),
        configMap: fc
          .constantFrom(
            parsed({ "X-Frame-Options": "DENY" }),
            parsed({ "X-Other": "a" }),
            refused("there is no ConfigMap"),
          )
          .map((found) => () => found),
        backend: fc
          .constantFrom(parsed("default/shop:80"), refused("there is no such Service"))
          .map((found) => () => found),
        close: fc.constant(() => undefined),
        warn: fc.constant(() => undefined),
      });
      // The cast: a table of mixed types meets a loop.
      const fromAnnotations = policy.fromAnnotations as (values: object, place: object) => unknown;
      fc.assert(
        fc.property(given, place, (annotations, at) => {
          const values = Object.entries(annotations).flatMap(([name, written]) => {
            const read = table.find(([key]) => key === name)?.[1].parse(String(written));
            return read?.ok ? [[name, read.value] as const] : [];
          });
          const settings = fromAnnotations(Object.fromEntries(values), at);
          if (settings !== undefined) assert.deepEqual(policy.settings.parse(settings), settings);
        }),
      );
    });
  }

  test("the example of every annotation is one that can be read", () => {
    for (const { annotations } of allPolicies) {
      for (const { example, parse } of Object.values<Annotation<unknown>>(annotations)) {
        assert.equal(parse(example).ok, true, example);
      }
    }
  });
});
