import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parsed } from "../src/rules/parsed.ts";
import type { HostRules } from "../src/rules/snapshot.ts";
import type { Cluster, Secret, Service } from "../sync/collect/cluster.ts";
import { parseManifest } from "../sync/collect/manifests.ts";
import { clusterOf } from "../sync/collect/objects.ts";
import { type Compiled, compile } from "../sync/compile/compile.ts";
import { lineOf } from "../sync/compile/diagnostic.ts";
import { newMemory } from "../sync/compile/memory.ts";
import type { Options } from "../sync/compile/options.ts";
import { rivals } from "./support/arbitraries.ts";
import { OPTIONS, readFixtures, ZONES } from "./support/fixture.ts";

// Expressions are all taken, and a token says what is behind it: a Secret that changes must change the rules.
const QUICK: Options = { ...OPTIONS, zones: ZONES, inspect: () => parsed(true), seal: (text) => `[${text}]` };
const PERMITS: Options["permits"] = {
  claims: [
    { namespaces: ["default"], hosts: ["*"], paths: ["/"] },
    { namespaces: ["shop"], hosts: ["*.example.com"], paths: ["/foo"] },
  ],
  routes: [{ namespaces: ["*"], most: 6 }],
  origins: { type: "public" },
};

const UNREAD = { kind: "Secret", namespace: "shop", name: "none", problem: "forbidden" } as const;

function clusterIn(yaml: string): Cluster {
  const file = parseManifest(yaml, "in.yaml");
  return clusterOf("found" in file ? file.found : assert.fail());
}

/** Compiles with what is remembered, and anew: to the same end. */
function bothWays(cluster: Cluster, options: Options, memory: ReturnType<typeof newMemory>): Compiled {
  const remembered = compile(cluster, options, memory);
  assert.deepEqual(remembered, compile(cluster, options));
  return remembered;
}

/** Nothing changed but the lists: every host is the very object that it was. */
function assertStill(cluster: Cluster, options: Options, memory: ReturnType<typeof newMemory>, before: Compiled): void {
  const copy = {
    ...cluster,
    ingresses: cluster.ingresses.toReversed(),
    services: cluster.services.toReversed(),
    secrets: [...cluster.secrets],
    unread: cluster.unread.map((one) => ({ ...one })),
  };
  const again = compile(copy, { ...options, zones: [...options.zones] }, memory);
  assert.deepEqual(again, before);
  for (const [index, rules] of again.rules.hosts.entries()) {
    assert.equal(rules, before.rules.hosts[index], rules.host);
  }
}

describe("with what is remembered of earlier rounds, a cluster compiles to what it would anew", () => {
  const secret = fc.record({
    kind: fc.constant("Secret"),
    apiVersion: fc.constant("v1"),
    metadata: fc.record({ namespace: fc.constantFrom("default", "shop"), name: fc.constant("none") }),
    stringData: fc.constantFrom({ "ca.crt": "one" }, { "ca.crt": "two" }, {}),
  });
  const step = fc.record({
    world: rivals,
    secret: fc.option(secret),
    at: fc.nat({ max: 7 }),
    gone: fc.nat({ max: 7 }),
    unread: fc.boolean(),
    zones: fc.constantFrom(ZONES, ZONES, ZONES, ["example.net"]),
  });

  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  for (const [what, options] of [
    ["any object may change", QUICK],
    ["any object may change, and not all is permitted", { ...QUICK, permits: PERMITS }],
  ] as const) {
    test(what, () => {
      fc.assert(
        fc.property(fc.array(step, { minLength: 2, maxLength: 7 }), (steps) => {
          const memory = newMemory();
          const pieces = new Map<string, Cluster>(); // each of one object, which stays the same until it is replaced
          for (const one of steps) {
            change(pieces, one);
            const cluster = { ...together([...pieces.values()]), unread: one.unread ? [UNREAD] : [] };
            const now = { ...options, zones: one.zones };
            assertStill(cluster, now, memory, bothWays(cluster, now, memory));
          }
        }),
        { numRuns: 150 },
      );
    });
  }

  /** The first step brings all of a world, the others some of one. */
  function change(pieces: Map<string, Cluster>, { world, secret: own, at, gone }: Step): void {
    const all = [...world.ingresses, ...world.services, ...(own ? [own] : [])];
    const brought = pieces.size === 0 ? all : all.slice(at % all.length, (at % all.length) + 2);
    for (const object of brought) {
      const { namespace, name } = object.metadata;
      pieces.set(`${object.kind} ${namespace}/${name}`, clusterOf([{ object, source: name }]));
    }
    pieces.delete([...pieces.keys()][gone] ?? "");
  }

  function together(pieces: readonly Cluster[]): Cluster {
    const all = <K extends "ingresses" | "services" | "secrets" | "malformed">(kind: K) =>
      pieces.flatMap((piece): readonly Cluster[K][number][] => piece[kind]) as unknown as Cluster[K];
    const lists = { ingresses: all("ingresses"), services: all("services"), secrets: all("secrets") };
    return { ...clusterOf([]), ...lists, malformed: all("malformed") };
  }

  // Whatever a host can look up, some fixture does: each of its objects goes, comes again and changes.
  test("every object of every fixture goes, and comes back, and is another", () => {
    for (const { sentence, cluster, options: own } of readFixtures()) {
      const options = { ...own, zones: ZONES, inspect: QUICK.inspect, seal: QUICK.seal };
      const memory = newMemory();
      for (const changed of [cluster, ...variants(cluster)]) {
        for (const one of [changed, cluster]) {
          assert.deepEqual(compile(one, options, memory), compile(one, options), sentence);
        }
      }
      assertStill(cluster, options, memory, compile(cluster, options, memory));
    }
  });

  /** The cluster without each of its objects, and with another in its place. */
  function variants(cluster: Cluster): Cluster[] {
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
        const others = objects.filter((_, other) => other !== index);
        const name = { namespace: "", ...object };
        const unread = (["Secret", "ConfigMap"] as const).map((own) => ({ kind: own, ...name, problem: "forbidden" }));
        return [
          { ...cluster, [kind]: others },
          { ...cluster, [kind]: others, unread },
          { ...cluster, [kind]: [...others, { ...object, ...change }] },
        ];
      });
    });
  }
});

describe("a round", () => {
  const cluster = clusterIn(`
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
  const service = (name: string, externalIPs: string[]) =>
    cluster.services.map((one): Service => (one.name === name ? { ...one, externalIPs } : one));

  /** The hosts that are not the objects that they were. */
  function anew(changed: Cluster, options: Options = QUICK): string[] {
    const memory = newMemory();
    const before = new Set<HostRules>(compile(cluster, QUICK, memory).rules.hosts);
    return compile(changed, options, memory)
      .rules.hosts.filter((rules) => !before.has(rules))
      .map(({ host }) => host);
  }

  test("makes nothing anew where nothing changed", () => assert.deepEqual(anew({ ...cluster }), []));

  test("makes anew the hosts of a Service that changed, aliases too", () => {
    assert.deepEqual(anew({ ...cluster, services: service("one", ["203.0.113.9"]) }), [
      "alias.example.com",
      "first.example.com",
    ]);
  });

  test("makes anew the hosts of a Secret that is gone, and of none that nobody asked for", () => {
    const other: Secret = { namespace: "default", name: "other", source: "", type: undefined, data: {} };
    assert.deepEqual(anew({ ...cluster, secrets: [] }), ["second.example.com"]);
    assert.deepEqual(anew({ ...cluster, secrets: [...cluster.secrets, other] }), []);
  });

  test("makes anew the host of an Ingress that changed", () => {
    const [first, second] = cluster.ingresses;
    assert.ok(first && second);
    const annotations = { ...first.annotations, "edgress.dev/proxy-body-size": "1m" };
    assert.deepEqual(anew({ ...cluster, ingresses: [second, { ...first, annotations }] }), [
      "alias.example.com",
      "first.example.com",
    ]);
  });

  test("makes anew the host that asks another for leave, where that is no longer served here", () => {
    const [first, second] = cluster.ingresses;
    assert.ok(first && second);
    const asking = { ...second, annotations: { "edgress.dev/auth-url": "https://first.example.com/check" } };
    const memory = newMemory();
    const access = (ingresses: Cluster["ingresses"]) => {
      const { rules } = compile({ ...cluster, ingresses }, QUICK, memory);
      return rules.hosts.find(({ host }) => host === "second.example.com")?.routes[0]?.policies.access?.external
        ?.target;
    };
    assert.deepEqual(access([first, asking]), {
      via: "rules",
      scheme: "https",
      host: "first.example.com",
      path: "/check",
    });
    assert.deepEqual(access([asking]), { via: "internet", origin: "https://first.example.com", path: "/check" });
  });

  test("makes everything anew under other options", () => {
    assert.equal(anew(cluster, { ...QUICK, allowedResponseHeaders: ["X-Any"] }).length, 4);
  });
});

describe("what compiling asks for", () => {
  const ingress = (name: string, annotations: string) => `
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { namespace: shop, name: ${name}, annotations: { ${annotations} } }
spec:
  tls: [{ hosts: [${name}.example.com], secretName: certificate }]
  rules: [{ host: ${name}.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: one, port: { number: 80 } } } }] } }]
`;
  const cluster = clusterIn(`
apiVersion: v1
kind: Secret
metadata: { namespace: shop, name: staff }
stringData: { auth: "ann:hash" }
${ingress("a", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: staff")}
${ingress("b", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: shop/staff, edgress.dev/custom-headers: shop/headers")}
${ingress("c", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: missing")}
${ingress("d", "edgress.dev/auth-type: basic, edgress.dev/auth-secret: other/theirs")}
`);
  const lines = (of: Cluster) => compile(of, QUICK).diagnostics.map(lineOf);

  test("are the Secrets and ConfigMaps of its own namespace that annotations name, there or not, each once", () => {
    assert.deepEqual(compile(cluster, QUICK).references, [
      { kind: "ConfigMap", namespace: "shop", name: "headers" },
      { kind: "Secret", namespace: "shop", name: "missing" },
      { kind: "Secret", namespace: "shop", name: "staff" },
    ]);
  });

  test("are the same where a round has nothing to do", () => {
    const memory = newMemory();
    compile(cluster, QUICK, memory);
    assert.equal(compile({ ...cluster }, QUICK, memory).references.length, 3);
  });

  test("is refused, and closes, with the reason why it cannot be read", () => {
    const unread = {
      kind: "Secret",
      namespace: "shop",
      name: "staff",
      problem: "the sync job may not read it",
    } as const;
    const { rules, diagnostics } = compile({ ...cluster, secrets: [], unread: [unread] }, QUICK);
    const problem = "Secret shop/staff cannot be read: the sync job may not read it";
    assert.deepEqual(rules.hosts[0]?.routes[0]?.policies.closed, { because: `auth-secret: ${problem}` });
    const told = diagnostics
      .filter((one) => one.problem === problem)
      .map(({ reason, object }) => `${reason} ${object}`);
    assert.deepEqual(told, ["RouteClosed Ingress shop/a", "RouteClosed Ingress shop/b"]);
  });

  test("says nothing of certificates where they are not read", () => {
    const missing = (line: string) => line.includes("CertificateMissing");
    assert.equal(lines(cluster).filter(missing).length, 4);
    assert.equal(lines({ ...cluster, certificates: "unread" }).filter(missing).length, 0);
  });
});
