import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostRules } from "../../../src/rules/snapshot.ts";
import type { ZoneRecord } from "../../../sync/cloudflare/host-records.ts";
import type { WorkersRoute } from "../../../sync/cloudflare/routes.ts";
import { createRegistryStore, readHostRegistries } from "../../../sync/publish/hosts/registry-store.ts";
import { createHostSync } from "../../../sync/publish/hosts/sync-hosts.ts";
import { createSigner } from "../../../sync/publish/sign-manifest.ts";
import { buildRecord, buildRoute, COMMENT, PLAN_TIME, SCRIPT, SETTINGS } from "../../support/hosts/zone-states.ts";
import { MemoryKv } from "../../support/memory-kv.ts";
import { KEYS } from "../../support/publish/signing.ts";

const ZONE = {
  id: "zone-1",
  name: "example.com",
  status: "active",
  isPaused: false,
  isPartial: false,
  plan: "pro",
} as const;
const SIGNER = createSigner(KEYS.privateKey);
const SHOP: HostRules = { host: "shop.example.com", policies: {}, routes: [], backends: {} };
const BLOG: HostRules = { ...SHOP, host: "blog.example.com" };

/** A zone in memory whose API can fail at one call. */
function createWorld(graceMs = 0) {
  const kv = new MemoryKv();
  const foreign = {
    records: [buildRecord("A old.example.com 203.0.113.9 proxied")],
    routes: [buildRoute("old.example.com/*", "other")],
  };
  let records: readonly ZoneRecord[] = foreign.records;
  let routes: readonly WorkersRoute[] = foreign.routes;
  const state = { callsLeft: Number.POSITIVE_INFINITY, zones: [ZONE] as readonly (typeof ZONE)[] };
  const call = async <T>(run: () => T): Promise<T> => {
    if (state.callsLeft-- <= 0) throw new Error("403 Authentication error");
    return run();
  };
  const createSync = () =>
    createHostSync({
      clients: {
        dns: { readRecordQuota: async () => 3500 },
        certificates: undefined as never, // no certificates are uploaded
        records: {
          listAll: () => call(() => [...records]),
          applyChange: (_, { add, remove }) =>
            call(() => {
              const ids = new Set(remove.map(({ id }) => id));
              const added = add.map(({ name }) => buildRecord(`AAAA ${name} 100:: proxied`, COMMENT));
              records = [...records.filter(({ id }) => !ids.has(id)), ...added];
            }),
        },
        routes: {
          list: () => call(() => [...routes]),
          create: (_, pattern) =>
            call(() => {
              const route = buildRoute(pattern, SCRIPT);
              routes = [...routes, route];
              return route;
            }),
          remove: (_, { id }) =>
            call(() => {
              routes = routes.filter((route) => route.id !== id);
            }),
        },
      },
      listZones: async () => state.zones,
      store: createRegistryStore(kv, SIGNER, SIGNER, 0),
      settings: { ...SETTINGS, graceMs },
      now: () => PLAN_TIME,
    });
  const list = () => [...records.map(({ name }) => name), ...routes.map(({ pattern }) => pattern)].toSorted();
  return { kv, state, createSync, list };
}

const FOREIGN = ["old.example.com", "old.example.com/*"];

describe("the sync of hosts", () => {
  test("Interrupted at each call, the next sync completes it and removes everything of it again", async () => {
    for (let calls = 0; calls < 12; calls++) {
      const world = createWorld();
      world.state.callsLeft = calls;
      await world.createSync().sync([SHOP, BLOG], () => {});
      world.state.callsLeft = Number.POSITIVE_INFINITY;
      await world.createSync().sync([SHOP, BLOG], () => {}); // another process
      const added = ["blog", "shop"].flatMap((name) => [`${name}.example.com`, `${name}.example.com/*`]);
      assert.deepEqual(world.list(), [...FOREIGN, ...added].toSorted(), `after ${calls} calls`);
      const sync = world.createSync();
      await sync.sync([], () => {});
      await sync.sync([], () => {});
      assert.deepEqual(world.list(), FOREIGN, `after ${calls} calls`);
      assert.deepEqual(
        (await readHostRegistries(world.kv, SIGNER)).flatMap(({ records, routes }) => [...records, ...routes]),
        [],
      );
    }
  });

  test("The wildcards of an Ingress and of a Gateway share one record and one route", async () => {
    const world = createWorld();
    const [ingressHost, gatewayHost] = ["*.wild.example.com", "**.wild.example.com"].map((host) => ({ ...SHOP, host }));
    assert.ok(ingressHost && gatewayHost);
    await world.createSync().sync([ingressHost, gatewayHost], () => {});
    assert.deepEqual(world.list(), [...FOREIGN, "*.wild.example.com", "*.wild.example.com/*"].toSorted());
  });

  test("A zone that the token may not read is one warning, and nothing of it is removed", async () => {
    const world = createWorld();
    const sync = world.createSync();
    await sync.sync([SHOP], () => {});
    const before = world.list();
    world.state.callsLeft = 0;
    const { warnings, changes } = await world.createSync().sync([], () => {});
    assert.deepEqual(warnings, ["hosts of zone example.com were not synced: 403 Authentication error"]);
    assert.deepEqual([changes, world.list()], [[], before]);
  });

  test("A zone that disappears from the token's list keeps its records and routes", async () => {
    const world = createWorld();
    await world.createSync().sync([SHOP], () => {});
    const before = world.list();
    world.state.zones = [];
    const { warnings } = await world.createSync().sync([], () => {});
    assert.deepEqual(warnings, ["zone zone-1 is not visible to the API token; its records and routes are left"]);
    assert.deepEqual(world.list(), before);
  });

  test("An unreadable registry changes nothing", async () => {
    const world = createWorld();
    await world.createSync().sync([SHOP], () => {});
    const before = world.list();
    world.kv.values.set("registry/hosts/zone-1", "{}");
    const { warnings } = await world.createSync().sync([BLOG], () => {});
    assert.match(
      warnings[0] ?? "",
      /^hosts of zone example\.com were not synced: host registry is unreadable: registry\/hosts\/zone-1\./,
    );
    assert.deepEqual(world.list(), before);
  });

  test("A fence that rejects stops the sync before the next write", async () => {
    const world = createWorld();
    const fence = () => {
      throw new Error("not the leader");
    };
    await assert.rejects(world.createSync().sync([SHOP], fence), /not the leader/);
    assert.deepEqual([world.list(), world.kv.writtenKeys], [FOREIGN, []]);
  });
});
