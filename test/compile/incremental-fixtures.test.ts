import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cluster } from "../../sync/collect/cluster-model.ts";
import { compile } from "../../sync/compile/compile.ts";
import { createCompileCache } from "../../sync/compile/compile-cache.ts";
import { readFixtures, ZONES } from "../support/fixture.ts";
import { assertUnchanged, FAST_OPTIONS } from "./incremental.ts";

// Whatever a host can look up, some fixture does: each of its objects goes, comes again and changes.
test("A cached compilation equals a fresh one while each object of each fixture leaves, returns and changes", () => {
  const { regexVerdicts, tokenizeSecret } = FAST_OPTIONS;
  for (const { title, cluster, options: fixtureOptions } of readFixtures()) {
    const options = { ...fixtureOptions, zones: ZONES, regexVerdicts, tokenizeSecret };
    const cache = createCompileCache();
    for (const variant of [cluster, ...listVariants(cluster), ...listGatewayVariants(cluster)]) {
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

/** The cluster without each of its Gateway API objects, and with another in its place. */
function listGatewayVariants(cluster: Cluster): Cluster[] {
  const kinds = {
    gatewayClasses: { controllerName: "example.com/other" },
    gateways: { listeners: [] },
    httpRoutes: { hostnames: ["other.example.com"] },
    backendTlsPolicies: { targetRefs: [] },
    namespaces: { labels: {} },
  };
  const grants = cluster.referenceGrants.map((grant) => ({
    ...cluster,
    referenceGrants: cluster.referenceGrants.filter((other) => other !== grant),
  }));
  const variants = Object.entries(kinds).flatMap(([kind, change]) => {
    const objects: readonly object[] = cluster.gateway[kind as keyof typeof kinds];
    return objects.flatMap((object): Cluster[] => {
      const otherObjects = objects.filter((other) => other !== object);
      return [
        { ...cluster, gateway: { ...cluster.gateway, [kind]: otherObjects } },
        { ...cluster, gateway: { ...cluster.gateway, [kind]: [...otherObjects, { ...object, ...change }] } },
      ];
    });
  });
  return [...grants, ...variants];
}
