import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { findExternalDnsNames } from "../../../sync/publish/hosts/external-dns.ts";
import { planZone } from "../../../sync/publish/hosts/plan-zone.ts";
import {
  buildRecord,
  buildZoneState,
  listChanges,
  listPlanIssues,
  PLAN_TIME,
  SETTINGS,
  wantHosts,
} from "../../support/hosts/zone-states.ts";

const HERITAGE = '"heritage=external-dns,external-dns/owner=default,external-dns/resource=ingress/default/shop"';
const NAMES = ["shop.example.com", "web-shop.example.com", "*.example.com", "example.com", "a.b.example.com"];

/** The name of a TXT record of external-dns, and the host that it belongs to. */
const OWNERS = {
  "shop.example.com": "shop.example.com", // the format before 0.12
  "a-shop.example.com": "shop.example.com",
  "cname-shop.example.com": "shop.example.com",
  "extdns-aaaa-shop.example.com": "shop.example.com", // --txt-prefix=extdns-
  "aaaa-shop-extdns.example.com": "shop.example.com", // --txt-suffix=-extdns
  "_extdns.a-shop.example.com": "shop.example.com", // --txt-prefix=_extdns.
  "_extdns.shop.example.com": "shop.example.com",
  "a._metadata.shop.example.com": "shop.example.com",
  "a-web-shop.example.com": "web-shop.example.com",
  "*.example.com": "*.example.com",
  "cname-*.example.com": "*.example.com",
  "*.a._metadata.example.com": "example.com",
  "_extdns.example.com": "example.com",
  "a-a.b.example.com": "a.b.example.com",
  "workshop.example.org": undefined,
  "a-workshop.example.com": undefined,
} as const;

describe("TXT records of external-dns", () => {
  for (const [name, host] of Object.entries(OWNERS)) {
    test(`The record ${name} belongs to ${host ?? "no host"}`, () => {
      const found = findExternalDnsNames([buildRecord(`TXT ${name} ${HERITAGE}`)], NAMES, "example.com");
      assert.deepEqual([...found], host === undefined ? [] : [host]);
    });
  }

  test("A TXT record without its heritage belongs to no host", () => {
    assert.deepEqual([...findExternalDnsNames([buildRecord("TXT shop.example.com v=spf1")], NAMES, "example.com")], []);
  });
});

describe("a host of external-dns", () => {
  const txt = buildRecord(`TXT a-shop.example.com ${HERITAGE}`);
  const hosts = wantHosts("shop.example.com");

  test("It gets no record, unless external-dns is not respected", () => {
    const planned = planZone(buildZoneState({ records: [txt] }), hosts, SETTINGS, PLAN_TIME);
    assert.deepEqual([listChanges(planned), listPlanIssues(planned)], [[], ["ForeignHostRecord shop.example.com"]]);
    const ignored = planZone(
      buildZoneState({ records: [txt] }),
      hosts,
      { ...SETTINGS, respectsExternalDns: false },
      PLAN_TIME,
    );
    assert.deepEqual(listChanges(ignored), ["+ record shop.example.com", "+ route shop.example.com/*"]);
  });

  test("It gets a route next to the proxied record of external-dns, in both cases", () => {
    for (const respectsExternalDns of [true, false]) {
      const records = [txt, buildRecord("A shop.example.com 203.0.113.10 proxied")];
      const planned = planZone(buildZoneState({ records }), hosts, { ...SETTINGS, respectsExternalDns }, PLAN_TIME);
      assert.deepEqual(listChanges(planned), ["+ route shop.example.com/*"]);
    }
  });
});
