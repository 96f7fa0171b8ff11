import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { HostSettings, ZoneState } from "../../../sync/publish/hosts/model.ts";
import { planZone, settleRegistry } from "../../../sync/publish/hosts/plan-zone.ts";
import {
  applyPlan,
  buildRecord,
  buildRoute,
  buildZoneState,
  listChanges,
  listPlanIssues,
  PLAN_TIME,
  SETTINGS,
  wantHosts,
} from "../../support/hosts/zone-states.ts";

const MANY = wantHosts("a.example.com", "b.example.com", "c.example.com");

function plan(state: ZoneState, hosts = MANY, settings: Partial<HostSettings> = {}, now = PLAN_TIME) {
  return planZone(state, hosts, { ...SETTINGS, ...settings }, now);
}

function settle(state: ZoneState, hosts = MANY): ZoneState {
  return { ...state, registry: settleRegistry(state, hosts, SETTINGS, PLAN_TIME) };
}

describe("a wildcard host of rules", () => {
  const hosts = wantHosts("*.example.com", "a.example.com", "x.b.example.com", "b.example.com", "example.com");

  test("It serves the hosts of its level, except names above other hosts", () => {
    assert.deepEqual(listChanges(plan(buildZoneState(), hosts)), [
      "+ record *.example.com",
      "+ record x.b.example.com",
      "+ record b.example.com",
      "+ record example.com",
      "+ route *.example.com/*",
      "+ route x.b.example.com/*",
      "+ route example.com/*",
    ]);
  });

  test("A deeper wildcard ends it for the name above, so the host gets its own record", () => {
    const planned = plan(buildZoneState(), wantHosts("*.example.com", "a.example.com", "*.a.example.com"));
    assert.deepEqual(listChanges(planned), [
      "+ record *.example.com",
      "+ record *.a.example.com",
      "+ record a.example.com",
      "+ route *.example.com/*",
      "+ route *.a.example.com/*",
    ]);
  });

  test("Any record at or below a host ends the wildcard for it, so the host gets its own", () => {
    for (const text of ["TXT a.example.com v=spf1", "TXT _acme-challenge.a.example.com token"]) {
      const records = [buildRecord(text)];
      const planned = plan(buildZoneState({ records }), wantHosts("*.example.com", "a.example.com"));
      assert.deepEqual(listChanges(planned), [
        "+ record *.example.com",
        "+ record a.example.com",
        "+ route *.example.com/*",
      ]);
    }
  });

  test("It is not added while its route would take the requests for names of others", () => {
    const records = [buildRecord("A api.example.com 203.0.113.10 proxied")];
    const planned = plan(buildZoneState({ records }), wantHosts("*.example.com", "a.example.com"));
    assert.deepEqual(listChanges(planned), ["+ record a.example.com", "+ route a.example.com/*"]);
    assert.deepEqual(listPlanIssues(planned), ["WildcardCapturesNames *.example.com"]);
    assert.match(planned.issues[0]?.problem ?? "", /takes the requests for api\.example\.com, whose DNS records/);
  });

  test("A more specific route, a record without proxy and the records of origins are not in its way", () => {
    const records = [
      buildRecord("A api.example.com 203.0.113.10 proxied"),
      buildRecord("A ssh.example.com 203.0.113.10"),
      buildRecord("A edgress-0123456789abcdef01234567.example.com 203.0.113.10 proxied", "edgress: origin record"),
    ];
    const routes = [buildRoute("api.example.com/*")];
    const planned = plan(buildZoneState({ records, routes }), wantHosts("*.example.com"));
    assert.deepEqual(listChanges(planned), ["+ record *.example.com", "+ route *.example.com/*"]);
  });
});

describe("a wildcard in place of many hosts", () => {
  const settings = { minWildcardHosts: 3 };

  test("It replaces the hosts of a level from the configured number", () => {
    assert.deepEqual(listChanges(plan(buildZoneState(), MANY, settings)), [
      "+ record *.example.com",
      "+ route *.example.com/*",
    ]);
    assert.equal(listChanges(plan(buildZoneState(), MANY.slice(1), settings)).length, 4);
  });

  test("No wildcard is used if another owner has a name, a delegation or a route of the level", () => {
    const others: Partial<ZoneState>[] = [
      { records: [buildRecord("A ssh.example.com 203.0.113.10")] },
      { records: [buildRecord("NS x.y.example.com ns.example.net")] },
      { records: [buildRecord('TXT a-a.example.com "heritage=external-dns,external-dns/owner=x"')] },
      { routes: [buildRoute("api.example.com/*", "other")] },
      { routes: [buildRoute("*.example.com/api/*")] },
    ];
    for (const parts of others) {
      const changes = listChanges(plan(buildZoneState(parts), MANY, settings));
      assert.deepEqual(
        changes.filter((line) => line.includes("*.example.com")),
        [],
        JSON.stringify(parts),
      );
    }
  });

  test("It remains with half of the hosts", () => {
    const state = settle(applyPlan(buildZoneState(), plan(buildZoneState(), MANY, settings)));
    assert.deepEqual(listChanges(plan(state, MANY.slice(1), settings)), []);
    assert.equal(listChanges(plan(state, MANY.slice(2), settings)).length, 2);
  });

  test("If someone adds a name to the level, each host gets a record, and then the wildcard is removed at once", () => {
    const before = settle(applyPlan(buildZoneState(), plan(buildZoneState(), MANY, settings)));
    const state = { ...before, records: [...before.records, buildRecord("A new.example.com 203.0.113.10 proxied")] };
    const separated = plan(state, MANY, settings);
    assert.equal(separated.addRecords.length, 3);
    assert.equal(separated.removeRecords.length, 0);
    const next = plan(settle(applyPlan(state, separated)), MANY, settings);
    assert.deepEqual(listChanges(next), ["- record *.example.com", "- route *.example.com/*"]);
  });
});
