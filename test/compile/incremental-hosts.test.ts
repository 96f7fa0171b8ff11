import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules } from "../../src/rules/snapshot.ts";
import type { Cluster, Secret, Service } from "../../sync/collect/cluster-model.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import type { Options } from "../../sync/compile/options.ts";
import { ALLOW_ALL } from "../../sync/permits/model.ts";
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
    assert.equal(findAuthTarget([authenticatedIngress]), undefined);
    const { diagnostics } = compile({ ...cluster, ingresses: [authenticatedIngress] }, FAST_OPTIONS, cache);
    const problem = "first.example.com is in zone example.com of this account, and no Ingress has this host";
    assert.deepEqual(
      diagnostics.filter(({ reason }) => reason === "RouteFailedClosed").map((diagnostic) => diagnostic.problem),
      [problem],
    );
  });

  test("compiles only the hosts that refer to another namespace if a ReferenceGrant is removed", () => {
    const [first, second] = cluster.ingresses;
    assert.ok(first && second);
    const annotations = { "edgress.dev/auth-url": "http://gate.auth.svc/check" };
    const service: Service = { ...(cluster.services[0] ?? assert.fail()), namespace: "auth", name: "gate" };
    const from = [{ group: "networking.k8s.io", kind: "Ingress", namespace: "default" }];
    const to = [{ group: "", kind: "Service", name: "gate" }];
    const grant = { namespace: "auth", name: "gate", source: "", from, to };
    const options = { ...FAST_OPTIONS, permits: { ...ALLOW_ALL, references: [] } };
    const changed = {
      ...cluster,
      ingresses: [first, { ...second, annotations }],
      services: [...cluster.services, service],
      referenceGrants: [grant],
    };
    const cache = createCompileCache();
    const granted = compile(changed, options, cache).rules.hosts;
    const revoked = compile({ ...changed, referenceGrants: [] }, options, cache).rules.hosts;
    const recompiledHosts = revoked.filter((rules) => !granted.includes(rules));
    assert.deepEqual(
      recompiledHosts.map(({ host, routes }) => [host, routes.map(({ policies }) => policies.failClosed?.reason)]),
      [["second.example.com", ["auth-url: Service auth/gate not permitted for Ingresses of namespace default"]]],
    );
  });

  test("Other options compile every host again", () => {
    assert.equal(listRecompiledHosts(cluster, { ...FAST_OPTIONS, allowedResponseHeaders: ["X-Any"] }).length, 4);
  });
});
