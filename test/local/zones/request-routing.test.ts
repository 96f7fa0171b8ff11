import assert from "node:assert/strict";
import { before, beforeEach, test } from "node:test";
import { startZoneAccount, type ZoneAccount } from "../../support/account/zone-account.ts";

let zone: ZoneAccount;
const route = (url: string) => {
  const routing = zone.account.routeRequest(new URL(url));
  return routing.kind === "worker" ? `worker ${routing.script}` : routing.kind;
};
const addRoute = (pattern: string, script?: string) =>
  assert.ok("id" in zone.account.routes.save("example.com", { pattern, script }));
const addRecord = async (name: string, record: object = {}) => {
  const reply = await zone.create({ type: "AAAA", name, content: "100::", proxied: true, ...record });
  assert.equal(reply.status, 200);
};

before(async () => {
  zone = await startZoneAccount({ zones: ["example.com", "deep.example.com"], bundledScript: "edge" });
});
beforeEach(async () => {
  const { account } = zone;
  for (const name of account.zones) {
    account.routes.remove(name, () => true);
    account.zoneStore.change(name, { status: "active", paused: false });
  }
  account.dnsSettings.enforceDnsOnly = false;
  for (const { id } of account.domains.list()) account.domains.remove(id);
  for (const { id } of account.records("example.com")) await zone.call(`DELETE ${zone.records}/${id}`);
});

test("A host needs a proxied record and a route to reach a Worker", async () => {
  addRoute("*.example.com/*", "edge");
  assert.equal(route("https://app.example.com/"), "unserved");
  await addRecord("app");
  assert.equal(route("https://app.example.com/"), "worker edge");
  assert.equal(route("https://APP.example.com:8443/a?b"), "worker edge");
  await addRecord("plain", { proxied: false });
  assert.equal(route("https://plain.example.com/"), "unserved");
  zone.account.routes.remove("example.com", () => true);
  assert.equal(route("https://app.example.com/"), "origin");
});

test("A route without a script, or to a script that is gone, runs no Worker", async () => {
  await addRecord("app");
  addRoute("*.example.com/*", "edge");
  addRoute("app.example.com/static/*");
  assert.equal(route("https://app.example.com/static/a.css"), "origin");
  assert.equal(route("https://app.example.com/"), "worker edge");
});

test("Nothing is served while the zone is paused or not active", async () => {
  await addRecord("app");
  addRoute("app.example.com/*", "edge");
  for (const change of [{ paused: true }, { status: "pending" as const }, { status: "moved" as const }]) {
    zone.account.zoneStore.change("example.com", { status: "active", paused: false, ...change });
    assert.equal(route("https://app.example.com/"), "unserved", JSON.stringify(change));
  }
});

test("With enforce_dns_only nothing is served but custom domains", async () => {
  await addRecord("app");
  addRoute("app.example.com/*", "edge");
  zone.account.domains.save({ hostname: "shop.example.com", service: "edge" });
  assert.equal((await zone.call("GET /dns_settings")).result.enforce_dns_only, false);
  assert.equal((await zone.call("PATCH /dns_settings", { enforce_dns_only: true })).result.enforce_dns_only, true);
  assert.equal(route("https://app.example.com/"), "unserved");
  assert.equal(route("https://shop.example.com/"), "worker edge");
});

test("A route wins over a custom domain of the same host", async () => {
  zone.account.domains.save({ hostname: "shop.example.com", service: "edge" });
  assert.equal(route("https://shop.example.com/a"), "worker edge");
  addRoute("shop.example.com/a*");
  assert.equal(route("https://shop.example.com/a"), "origin");
  assert.equal(route("https://shop.example.com/b"), "worker edge");
});

test("The routes and records of the nested zone count, not those of its parent", async () => {
  await addRecord("*");
  addRoute("*.example.com/*", "edge");
  assert.equal(route("https://app.deep.example.com/"), "unserved");
  zone.account.zoneStore.change("deep.example.com", { status: "pending" });
  assert.equal(route("https://app.deep.example.com/"), "worker edge");
});

test("A wildcard record matches names of any depth that have no record", async () => {
  await addRecord("*");
  addRoute("*.example.com/*", "edge");
  assert.equal(route("https://a.example.com/"), "worker edge");
  assert.equal(route("https://a.b.c.example.com/"), "worker edge");
  assert.equal(route("https://example.com/"), "unserved");
});

test("Any record on a name ends the wildcard for the name and for everything below it", async () => {
  await addRecord("*");
  addRoute("*.example.com/*", "edge");
  await addRecord("app", { type: "TXT", content: "heritage=external-dns", proxied: false });
  assert.equal(route("https://app.example.com/"), "unserved");
  assert.equal(route("https://below.app.example.com/"), "unserved");
  await addRecord("_owner.shop", { type: "TXT", content: "owner", proxied: false });
  assert.equal(route("https://shop.example.com/"), "unserved");
  assert.equal(route("https://other.example.com/"), "worker edge");
});

test("A host at or below an NS record is not served", async () => {
  await addRecord("app.sub");
  await addRecord("sub", { type: "NS", content: "ns1.example.org", proxied: false });
  addRoute("*.example.com/*", "edge");
  assert.equal(route("https://app.sub.example.com/"), "unserved");
});
