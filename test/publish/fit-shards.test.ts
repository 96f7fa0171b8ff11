import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules, Route, Rules } from "../../src/rules/snapshot.ts";
import { MAX_SHARD_BYTES } from "../../src/rules/storage/shard-text.ts";
import { fitShards } from "../../sync/publish/fit-shards.ts";
import { planPublication } from "../../sync/publish/plan-publication.ts";
import { publish } from "../../sync/publish/publish.ts";
import { readShardText } from "../../sync/publish/serialize.ts";
import { MemoryKv } from "../support/memory-kv.ts";
import { SIGNER } from "../support/publish/signing.ts";

const NOW = new Date("2026-11-23T08:00:00Z");
const KIB = 1024;

/** Returns routes of an Ingress with `kibibytes` of policies together. */
function buildRoutes(ingress: string, count: number, kibibytes: number): Route[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `${ingress}#${index}`,
    path: { type: "prefix", path: `/${ingress}/${index}` },
    policies: {
      failClosed: undefined,
      redirect: `${index}`.padEnd((kibibytes * KIB) / count, "x"),
    } as unknown as object,
  })) as Route[];
}

function buildHost(host: string, ...routes: readonly Route[]): HostRules {
  return { host, policies: {}, routes: [...routes], backends: {} };
}

function plan(rules: Rules) {
  return planPublication(rules, undefined, 1, NOW, { kvNamespaceId: "memory", hashKey: [1, 2] });
}

function countClosed(routes: readonly Route[], namespace: string): string {
  const owned = routes.filter(({ id }) => id.startsWith(`${namespace}/`));
  return `${owned.filter(({ policies }) => policies.failClosed).length} of ${owned.length}`;
}

describe("a shard over the size limit", () => {
  const sharedHost = buildHost(
    "a.example.com",
    ...buildRoutes("alice/shop", 10, 300),
    ...buildRoutes("bob/large", 20, 2000),
  );

  test("The largest namespace of a shard cannot hold back the routes of others", () => {
    const rules = {
      zones: ["example.com"],
      hosts: [sharedHost, buildHost("b.example.com", ...buildRoutes("alice/b", 1, 1))],
    };
    const { rules: fitted, plan: fittedPlan, closedIngresses } = fitShards(rules, plan);
    const [host, other] = fitted.hosts;
    assert.equal(countClosed(host?.routes ?? [], "bob"), "20 of 20");
    assert.equal(countClosed(host?.routes ?? [], "alice"), "0 of 10");
    assert.equal(other, rules.hosts[1]);
    assert.deepEqual(
      closedIngresses.map(({ ingress, host }) => `${ingress} ${host}`),
      ["bob/large a.example.com"],
    );
    assert.match(
      closedIngresses[0]?.problem ?? "",
      /would have 2\.3 of at most 2\.0 MiB, and namespace bob has the largest/,
    );
    assert.ok(
      [...fittedPlan.shards.values()].every((shard) => Buffer.byteLength(readShardText(shard)) <= MAX_SHARD_BYTES),
    );
  });

  test("The Ingresses and HTTPRoutes of a namespace are its part together", () => {
    const host = buildHost(
      "a.example.com",
      ...buildRoutes("alice/large", 10, 1100),
      ...buildRoutes("bob/shop", 10, 700),
      ...buildRoutes("HTTPRoute bob/shop", 10, 750),
    );
    const { closedIngresses } = fitShards({ zones: ["example.com"], hosts: [host] }, plan);
    assert.deepEqual(
      closedIngresses.map(({ ingress }) => ingress),
      ["bob/shop", "HTTPRoute bob/shop"],
    );
  });

  test("Paths that are too large even if closed are dropped, and no other namespace is closed", () => {
    const longPaths = buildRoutes("bob/large", 3000, 1).map((route, index) => ({
      ...route,
      path: { type: "prefix" as const, path: `/${index}`.padEnd(1000, "x") },
    }));
    const rules = {
      zones: [],
      hosts: [buildHost("a.example.com", ...buildRoutes("alice/shop", 10, 300), ...longPaths)],
    };
    const [host] = fitShards(rules, plan).rules.hosts;
    assert.equal(countClosed(host?.routes ?? [], "bob"), "0 of 0");
    assert.equal(countClosed(host?.routes ?? [], "alice"), "0 of 10");
  });

  test("Two large hosts do not share a shard, so that neither is closed", () => {
    const hosts = Array.from({ length: 12 }, (_, index) =>
      buildHost(`h${10 + index}.example.com`, ...buildRoutes(`team-${index}/shop`, 10, 1300)),
    );
    assert.deepEqual(fitShards({ zones: [], hosts }, plan).closedIngresses, []);
  });

  test("Closed routes cause no further publication while the rules stay the same", async () => {
    const kv = new MemoryKv();
    const rules = { zones: ["example.com"], hosts: [sharedHost] };
    const first = await publish(rules, kv, SIGNER, NOW);
    assert.deepEqual([first.hasChanged, first.closedIngresses.length], [true, 1]);
    const second = await publish(rules, kv, SIGNER, NOW, undefined, { snapshot: first.snapshot });
    assert.deepEqual([second.hasChanged, second.closedIngresses.length, second.generation], [false, 1, 1]);
  });
});
