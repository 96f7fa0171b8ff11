import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostSettings, ZoneState } from "../../../sync/publish/hosts/model.ts";
import { planZone, settleRegistry } from "../../../sync/publish/hosts/plan-zone.ts";
import {
  applyPlan,
  buildRecord,
  buildRoute,
  buildZoneState,
  COMMENT,
  listChanges,
  listPlanIssues,
  PLAN_TIME,
  SETTINGS,
  wantHosts,
} from "../../support/hosts/zone-states.ts";

const HOUR = 3_600_000;
const SHOP = wantHosts("shop.example.com");

function later(ms: number): Date {
  return new Date(PLAN_TIME.getTime() + ms);
}

function plan(state: ZoneState, hosts = SHOP, settings: Partial<HostSettings> = {}, now = PLAN_TIME) {
  return planZone(state, hosts, { ...SETTINGS, ...settings }, now);
}

/** Returns a zone in which the record and route of the shop exist. */
function buildShopZone(): ZoneState {
  const state = applyPlan(buildZoneState(), plan(buildZoneState()));
  return { ...state, registry: settleRegistry(state, SHOP, SETTINGS, PLAN_TIME) };
}

describe("a new host", () => {
  test("A host gets one record and one route, and both are registered before they exist", () => {
    const planned = plan(buildZoneState());
    assert.deepEqual(listChanges(planned), ["+ record shop.example.com", "+ route shop.example.com/*"]);
    assert.deepEqual(planned.registry.records, [
      { id: null, name: "shop.example.com", since: PLAN_TIME.toISOString() },
    ]);
    assert.deepEqual(planned.issues, []);
  });

  test("An interrupted creation is found by name, and gets its id", () => {
    const { registry } = buildShopZone();
    assert.match(registry.records[0]?.id ?? "", /^record-/);
    assert.match(registry.routes[0]?.id ?? "", /^route-/);
  });

  test("An unchanged host needs no change", () => {
    assert.deepEqual(listChanges(plan(buildShopZone())), []);
  });
});

describe("a removed host", () => {
  test("Its record and route stay for the grace, and are then removed", () => {
    const state = buildShopZone();
    const marked = plan(state, []);
    assert.deepEqual([listChanges(marked), marked.waiting], [[], 2]);
    const waiting = { ...state, registry: marked.registry };
    assert.deepEqual(listChanges(plan(waiting, [], {}, later(HOUR - 1))), []);
    assert.deepEqual(listChanges(plan(waiting, [], {}, later(HOUR))), [
      "- record shop.example.com",
      "- route shop.example.com/*",
    ]);
  });

  test("A host that returns within the grace keeps them", () => {
    const state = buildShopZone();
    const returned = plan({ ...state, registry: plan(state, []).registry }, SHOP, {}, later(HOUR));
    assert.deepEqual([listChanges(returned), returned.registry], [[], state.registry]);
  });

  test("A record that someone edited is left", () => {
    const state = buildShopZone();
    const edited = state.records.map((record) => ({ ...record, type: "A", content: "203.0.113.10" }));
    const planned = plan({ ...state, records: edited }, [], { graceMs: 0 });
    assert.deepEqual(listChanges(planned), ["- route shop.example.com/*"]);
    assert.deepEqual(planned.registry.records, []);
  });

  test("A record without our comment, and a route with another script, are left", () => {
    const { records, routes, ...state } = buildShopZone();
    for (const comment of ["EDGRESS prod/host 0123abcd", "edgress prod/host 0123abce", "mine", undefined]) {
      const foreign = { records: records.map((record) => ({ ...record, comment })), routes: [] };
      assert.deepEqual(listChanges(plan({ ...state, ...foreign }, [], { graceMs: 0 })), []);
    }
    for (const script of ["other", undefined]) {
      const foreign = { records: [], routes: routes.map((route) => ({ ...route, script })) };
      assert.deepEqual(listChanges(plan({ ...state, ...foreign }, [], { graceMs: 0 })), []);
    }
  });
});

describe("records and routes of others", () => {
  test("A proxied record serves the host, and only the route is added", () => {
    const planned = plan(buildZoneState({ records: [buildRecord("A shop.example.com 203.0.113.10 proxied")] }));
    assert.deepEqual(listChanges(planned), ["+ route shop.example.com/*"]);
    assert.deepEqual(listPlanIssues(planned), ["ForeignHostRecord shop.example.com"]);
  });

  test("A record without proxy, or of another controller, prevents both", () => {
    const unproxied = buildRecord("CNAME shop.example.com lb.example.net");
    const staging = buildRecord("AAAA shop.example.com 100:: proxied", "edgress staging/host 89abcdef");
    for (const record of [unproxied, staging]) {
      const planned = plan(buildZoneState({ records: [record] }));
      assert.deepEqual(listChanges(planned), []);
      assert.deepEqual(listPlanIssues(planned), ["ForeignHostRecord shop.example.com"]);
    }
  });

  test("Mail and verification records at the host do not matter", () => {
    const records = ["MX shop.example.com mx.example.net", "TXT shop.example.com v=spf1"].map((text) =>
      buildRecord(text),
    );
    assert.deepEqual(listChanges(plan(buildZoneState({ records }))).length, 2);
  });

  test("A route of another Worker, or of none, is never changed, and no record is added", () => {
    for (const script of ["other", undefined]) {
      const planned = plan(buildZoneState({ routes: [buildRoute("https://shop.example.com/*", script)] }));
      assert.deepEqual(listChanges(planned), []);
      assert.deepEqual(listPlanIssues(planned), ["ForeignHostRoute shop.example.com"]);
    }
  });

  test("A name below NS records is not added", () => {
    const planned = plan(
      buildZoneState({ records: [buildRecord("NS b.example.com ns.example.net")] }),
      wantHosts("a.b.example.com"),
    );
    assert.deepEqual([listChanges(planned), listPlanIssues(planned)], [[], ["HostShadowed a.b.example.com"]]);
  });
});

describe("drift", () => {
  test("A deleted record or route is added again, and an edited record is replaced", () => {
    const state = buildShopZone();
    assert.deepEqual(listChanges(plan({ ...state, records: [] })), ["+ record shop.example.com"]);
    assert.deepEqual(listChanges(plan({ ...state, routes: [] })), ["+ route shop.example.com/*"]);
    const edited = plan({ ...state, records: state.records.map((record) => ({ ...record, proxied: false })) });
    assert.deepEqual(listChanges(edited), ["~ record shop.example.com"]);
    assert.deepEqual(edited.drift, ["record shop.example.com was edited"]);
  });

  test("With drift only reported, nothing changes, and the report repeats", () => {
    const state = { ...buildShopZone(), records: [] };
    const planned = plan(state, SHOP, { drift: "report" });
    assert.deepEqual([listChanges(planned), listPlanIssues(planned)], [[], ["HostDrift shop.example.com"]]);
    const again = plan({ ...state, registry: planned.registry }, SHOP, { drift: "report" });
    assert.deepEqual(listPlanIssues(again), ["HostDrift shop.example.com"]);
  });

  test("A record with our comment that an older registry lacks is ours again", () => {
    const record = buildRecord("AAAA shop.example.com 100:: proxied", COMMENT);
    const planned = plan(buildZoneState({ records: [record] }));
    assert.deepEqual(listChanges(planned), ["+ route shop.example.com/*"]);
    assert.equal(planned.registry.records[0]?.id, record.id);
  });
});

describe("quotas", () => {
  test("A full zone costs the new hosts only, and namespaces take turns", () => {
    const hosts = ["a1", "a2", "a3"].map((name) => ({ host: `${name}.example.com`, namespaces: ["a"] }));
    const planned = plan(buildZoneState({ maxRecords: 2 }), [...hosts, { host: "b1.example.com", namespaces: ["b"] }]);
    assert.deepEqual(
      planned.addRecords.map(({ name }) => name),
      ["a1.example.com", "b1.example.com"],
    );
    assert.deepEqual(listPlanIssues(planned), ["HostQuotaExceeded a2.example.com", "HostQuotaExceeded a3.example.com"]);
    assert.match(
      planned.issues[0]?.problem ?? "",
      /^a2\.example\.com is not served: zone example\.com has reached its 2 DNS records$/,
    );
  });

  test("A zone full of routes refuses the record too, unless a wildcard route already runs the script", () => {
    assert.deepEqual(listChanges(plan(buildZoneState({ maxRoutes: 0 }))), []);
    const routes = [buildRoute("*.example.com/*", SETTINGS.script)];
    assert.deepEqual(listChanges(plan(buildZoneState({ maxRoutes: 1, routes }))), ["+ record shop.example.com"]);
  });
});
