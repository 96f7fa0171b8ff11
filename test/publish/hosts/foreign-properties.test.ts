import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HostSettings, WantedHost, ZoneHostPlan, ZoneState } from "../../../sync/publish/hosts/model.ts";
import { planZone, settleRegistry } from "../../../sync/publish/hosts/plan-zone.ts";
import {
  applyPlan,
  buildZoneState,
  COMMENT,
  PLAN_TIME,
  SCRIPT,
  SETTINGS,
  wantHosts,
} from "../../support/hosts/zone-states.ts";

const NAMES = ["example.com", "a.example.com", "b.example.com", "*.example.com", "x.a.example.com", "*.a.example.com"];

const name = fc.constantFrom(...NAMES);
const record = fc.record({
  id: fc.constantFrom("r1", "r2", "r3", "r4", "r5"),
  type: fc.constantFrom("A", "AAAA", "CNAME", "TXT", "NS"),
  name: fc.constantFrom(...NAMES, "a-b.example.com", "c.example.com"),
  content: fc.constantFrom("100::", "203.0.113.10", '"heritage=external-dns,external-dns/owner=x"'),
  proxied: fc.boolean(),
  comment: fc.constantFrom(COMMENT, COMMENT.toUpperCase(), "edgress staging/host 89abcdef", undefined),
});
const script = fc.constantFrom(SCRIPT, "other", undefined);
const route = fc.record({ pattern: name.map((host) => `${host}/*`), script });
const time = fc.constantFrom("2026-11-28T10:00:00.000Z", "2026-11-28T11:30:00.000Z");
const entry = { since: time, unusedSince: fc.option(time, { nil: undefined }) };
const recordId = fc.constantFrom("r1", "r2", "r3", null);
const registry = fc.record({
  records: fc.uniqueArray(fc.record({ id: recordId, name, ...entry }), { selector: ({ name }) => name }),
  routes: fc.uniqueArray(
    fc.record({
      id: fc.constantFrom("w1", "w2", null),
      pattern: name.map((host) => `${host}/*`),
      script: fc.constant(SCRIPT),
      ...entry,
    }),
    { selector: ({ pattern }) => pattern },
  ),
  certificates: fc.constant([]),
});
const zones: fc.Arbitrary<ZoneState> = fc
  .record({
    records: fc.uniqueArray(record, { selector: ({ id }) => id }),
    routes: fc
      .uniqueArray(route, { selector: ({ pattern }) => pattern })
      .map((routes) => routes.map((parts, index) => ({ id: `w${index + 1}`, ...parts }))),
    registry,
    maxRecords: fc.integer({ min: 0, max: 10 }),
    maxRoutes: fc.integer({ min: 0, max: 5 }),
  })
  .map((parts) => buildZoneState(parts));
const hosts = fc.subarray(NAMES).map((names) => wantHosts(...names));
const settings: fc.Arbitrary<HostSettings> = fc
  .record({
    graceMs: fc.constantFrom(0, 3_600_000),
    drift: fc.constantFrom("repair" as const, "report" as const),
    respectsExternalDns: fc.boolean(),
    minWildcardHosts: fc.constantFrom(undefined, 2),
  })
  .map((chosen) => ({ ...SETTINGS, ...chosen }));

/** Whether a record of a zone is ours: by its mark, and by the registry or by its content. */
function isOurRecord({ registry }: ZoneState, id: string, recordName: string, comment: string | undefined): boolean {
  const isRegistered = registry.records.some((entry) => entry.name === recordName);
  return comment === COMMENT && (isRegistered || NAMES.includes(recordName)) && id !== "";
}

function assertOnlyOurs(state: ZoneState, { addRecords, addRoutes, removeRecords, removeRoutes }: ZoneHostPlan): void {
  const replaced = addRecords.flatMap((added) => added.replaced ?? []);
  for (const { id, name, comment } of [...removeRecords, ...replaced])
    assert.ok(isOurRecord(state, id, name, comment), `record ${name} with comment ${comment}`);
  for (const removed of removeRecords)
    assert.deepEqual([removed.type, removed.content, removed.proxied], ["AAAA", "100::", true]);
  for (const { id, pattern, script } of removeRoutes) {
    const registered = state.registry.routes.find((entry) => entry.pattern === pattern);
    assert.ok(registered && (registered.id === null || registered.id === id), `route ${pattern} is not registered`);
    assert.equal(script, SCRIPT);
  }
  for (const { name, replaced } of addRecords) {
    const others = state.records.filter((other) => other.name === name && other.id !== replaced?.id);
    assert.deepEqual(
      others.filter(({ type }) => ["A", "AAAA", "CNAME"].includes(type)),
      [],
      `record ${name} exists`,
    );
  }
  for (const { pattern } of addRoutes) assert.ok(!state.routes.some((other) => other.pattern === pattern), pattern);
}

test("No plan changes a record or route of another owner", () => {
  fc.assert(
    fc.property(zones, hosts, settings, (state, wanted, chosen) => {
      assertOnlyOurs(state, planZone(state, wanted, chosen, PLAN_TIME));
    }),
    { numRuns: 3000 },
  );
});

test("A plan stays within the quotas of the zone", () => {
  fc.assert(
    fc.property(zones, hosts, settings, (state, wanted, chosen) => {
      const { addRecords, addRoutes } = planZone(state, wanted, chosen, PLAN_TIME);
      const newRecords = addRecords.filter(({ replaced }) => !replaced).length;
      assert.ok(newRecords <= Math.max(0, state.maxRecords - state.records.length));
      assert.ok(addRoutes.length <= Math.max(0, state.maxRoutes - state.routes.length));
    }),
    { numRuns: 1000 },
  );
});

// A record of ours that was edited stays, so that the wildcard does not cover the host above it.
const EDITED_BELOW_HOST: [ZoneState, WantedHost[], HostSettings, WantedHost[]] = [
  {
    zone: { id: "zone-1", name: "example.com" },
    records: [{ id: "r2", type: "A", name: "x.a.example.com", content: "100::", proxied: false, comment: COMMENT }],
    routes: [],
    registry: {
      records: [{ id: "r2", name: "x.a.example.com", since: "2026-11-28T10:00:00.000Z" }],
      routes: [],
      certificates: [],
    },
    maxRecords: 100,
    maxRoutes: 100,
  },
  [
    { host: "a.example.com", namespaces: ["default"] },
    { host: "*.example.com", namespaces: ["default"] },
  ],
  { ...SETTINGS, graceMs: 0 },
  [],
];

test("A plan that was carried out has nothing left to add, and removes only ours in every later sync", () => {
  fc.assert(
    fc.property(zones, hosts, settings, hosts, (first, wanted, chosen, later) => {
      const roomy = { ...first, maxRecords: 100, maxRoutes: 100 };
      const changed = applyPlan(roomy, planZone(roomy, wanted, chosen, PLAN_TIME));
      const settled = { ...changed, registry: settleRegistry(changed, wanted, chosen, PLAN_TIME) };
      const repeated = planZone(settled, wanted, chosen, PLAN_TIME);
      assert.deepEqual([repeated.addRecords, repeated.addRoutes].flat().length, 0);
      assertOnlyOurs(settled, planZone(settled, later, chosen, new Date(PLAN_TIME.getTime() + 7_200_000)));
    }),
    { numRuns: 1000, examples: [EDITED_BELOW_HOST] },
  );
});

test("The records and routes of other owners are the same after any number of changes", () => {
  fc.assert(
    fc.property(zones, fc.array(hosts, { maxLength: 5 }), settings, (first, turns, chosen) => {
      const isForeign = ({ comment }: { comment: string | undefined }) => comment !== COMMENT;
      let state = first;
      for (const [index, wanted] of turns.entries()) {
        const now = new Date(PLAN_TIME.getTime() + index * 7_200_000);
        const changed = applyPlan(state, planZone(state, wanted, chosen, now));
        state = { ...changed, registry: settleRegistry(changed, wanted, chosen, now) };
      }
      assert.deepEqual(state.records.filter(isForeign), first.records.filter(isForeign));
      const foreignRoutes = ({ script }: { script: string | undefined }) => script !== SCRIPT;
      assert.deepEqual(state.routes.filter(foreignRoutes), first.routes.filter(foreignRoutes));
    }),
    { numRuns: 1000 },
  );
});
