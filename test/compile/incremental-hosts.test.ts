import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Cluster, Secret, Service } from "../../sync/collect/cluster-model.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import type { Options } from "../../sync/compile/options.ts";
import { FAST_OPTIONS, parseClusterYaml, UNREADABLE_REFERENCE } from "./incremental.ts";

describe("hosts compiled with a cache", () => {
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

  test("An unchanged cluster compiles no host again", () => {
    assert.deepEqual(listRecompiledHosts({ ...cluster, ingresses: cluster.ingresses.toReversed() }), []);
  });

  test("Equal lists of objects return the previous compilation", () => {
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

  test("A changed Service compiles its hosts and their aliases again", () => {
    assert.deepEqual(listRecompiledHosts({ ...cluster, services: withServiceAddresses("one", ["203.0.113.9"]) }), [
      "alias.example.com",
      "first.example.com",
    ]);
  });

  test("A deleted Secret compiles only the hosts that reference it again", () => {
    const otherSecret: Secret = { namespace: "default", name: "other", source: "", type: undefined, data: {} };
    assert.deepEqual(listRecompiledHosts({ ...cluster, secrets: [] }), ["second.example.com"]);
    assert.deepEqual(listRecompiledHosts({ ...cluster, secrets: [...cluster.secrets, otherSecret] }), []);
  });

  test("A changed Ingress compiles its host again", () => {
    const [first, second] = cluster.ingresses;
    assert.ok(first && second);
    const annotations = { ...first.annotations, "edgress.dev/proxy-body-size": "1m" };
    assert.deepEqual(listRecompiledHosts({ ...cluster, ingresses: [second, { ...first, annotations }] }), [
      "alias.example.com",
      "first.example.com",
    ]);
  });

  test("A host with an auth-url compiles again if the host of the URL is no longer served", () => {
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

  test("Other options compile every host again", () => {
    assert.equal(listRecompiledHosts(cluster, { ...FAST_OPTIONS, allowedResponseHeaders: ["X-Any"] }).length, 4);
  });
});
