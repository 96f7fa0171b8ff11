import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  buildGateway,
  buildListener,
  buildListenerSet,
  buildRoute,
  buildTenantIngress,
  compileTenants,
  forwardTo,
  NO_CLAIMS,
  OLD,
  YOUNG,
} from "./tenant-routes.ts";

// Objects of bob that leave the host of alice without her routes.

const FRONT = buildRoute("alice/front", ["a.example.com"], [forwardTo("app")], { metadata: OLD });
const WILD = buildRoute("alice/wild", ["*.a.example.com"], [forwardTo("app")], { metadata: OLD });
const AT_PATH = { matches: [{ path: { type: "PathPrefix", value: "/bob" } }] };
const LIMITED_PERMITS = `
claims:
  - { namespaces: [alice], hosts: ["*.a.example.com"] }
  - { namespaces: [bob], hosts: ["*.a.example.com"], paths: [/bob] }
`;
const EXCLUSIVE = { permits: NO_CLAIMS, exclusiveHosts: true };
const EMPTY_LISTENERS = ["a.example.com", "*.example.com"].map((hostname) => buildListener("http", hostname));
const OWN_ROUTE = buildRoute("bob/own", [], [forwardTo("web")], {
  parent: { namespace: "bob", name: "evil", sectionName: "http" },
});

const SETTINGS: readonly (readonly [string, Parameters<typeof compileTenants>[1]])[] = [
  ["permits", {}],
  ["exclusive hosts", EXCLUSIVE],
];

for (const [setting, options] of SETTINGS) {
  describe(`hosts of another tenant, with ${setting}`, () => {
    test("A Gateway without routes for a host does not hide the routes of another Gateway", async () => {
      const { find } = compileTenants([FRONT, buildGateway("bob/evil", EMPTY_LISTENERS)], options);
      assert.equal(await find("http://a.example.com/"), "alice/app:80");
    });

    test("A Gateway with routes for some of its listeners does not hide the routes of another Gateway", async () => {
      const evil = buildGateway("bob/evil", [...EMPTY_LISTENERS, buildListener("http")]);
      const { find } = compileTenants([FRONT, evil, OWN_ROUTE], options);
      assert.equal(await find("http://a.example.com/"), "alice/app:80");
    });

    test("A ListenerSet of a namespace that does not own a host does not hide it", async () => {
      const { find } = compileTenants([FRONT, buildListenerSet("bob/evil", EMPTY_LISTENERS)], options);
      assert.equal(await find("http://a.example.com/"), "alice/app:80");
    });

    test("A route that is dropped for a name takes no scheme of the name from the wildcard above it", async () => {
      const secure = { metadata: YOUNG, parent: { sectionName: "https" } };
      const { find, reasons } = compileTenants(
        [WILD, buildRoute("bob/r", ["x.a.example.com"], [forwardTo("web")], secure)],
        options,
      );
      assert.equal(await find("http://x.a.example.com/"), "alice/app:80");
      assert.equal(await find("https://x.a.example.com/"), "alice/app:80");
      assert.match(reasons[0] ?? "", /^(?:ClaimNotPermitted|HostOwnerConflict) HTTPRoute bob\/r$/);
    });
  });
}

describe("wildcards of another tenant", () => {
  for (const hostname of ["x.a.example.com", "*.x.a.example.com"]) {
    test(`A path-limited HTTPRoute for ${hostname} leaves all other paths to the wildcard above it`, async () => {
      const route = buildRoute("bob/r", [hostname], [forwardTo("web", AT_PATH)]);
      const { find } = compileTenants([WILD, route], { permits: LIMITED_PERMITS });
      const host = hostname.replace("*", "q");
      assert.equal(await find(`http://${host}/`), "alice/app:80");
      assert.equal(await find(`http://${host}/bob/x`), "bob/web:80");
    });
  }

  test("A path-limited HTTPRoute on https leaves all other paths of both schemes to the wildcard above it", async () => {
    const route = buildRoute("bob/r", ["x.a.example.com"], [forwardTo("web", AT_PATH)], {
      parent: { sectionName: "https" },
    });
    const { find } = compileTenants([WILD, route], { permits: LIMITED_PERMITS });
    assert.equal(await find("https://x.a.example.com/"), "alice/app:80");
    assert.equal(await find("http://x.a.example.com/bob"), "alice/app:80");
    assert.equal(await find("https://x.a.example.com/bob"), "bob/web:80");
  });

  test("A path-limited Ingress for a wildcard leaves all other paths to the wildcard of an HTTPRoute above it", async () => {
    const ingress = buildTenantIngress("bob/i", "*.x.a.example.com", { "/bob": "web" });
    const { find } = compileTenants([WILD, ingress], { permits: LIMITED_PERMITS });
    assert.equal(await find("http://q.x.a.example.com/"), "alice/app:80");
    assert.equal(await find("http://q.x.a.example.com/bob"), "bob/web:80");
  });

  for (const name of ["x.a.example.com", "*.a.example.com", "*.x.a.example.com"]) {
    test(`With exclusive hosts, the wildcard of an HTTPRoute includes ${name} of younger objects`, async () => {
      const objects = [
        buildRoute("bob/r", [name], [forwardTo("web")], { metadata: YOUNG }),
        buildTenantIngress("bob/i", name, { "/": "web" }, YOUNG),
      ];
      const { find, reasons } = compileTenants([WILD, ...objects], EXCLUSIVE);
      assert.equal(await find(`http://${name.replace("*", "q")}/`), "alice/app:80");
      assert.deepEqual(
        [...new Set(reasons.filter((text) => text.startsWith("HostOwnerConflict")))],
        ["HostOwnerConflict HTTPRoute bob/r", "HostOwnerConflict Ingress bob/i"],
      );
    });
  }

  test("A route for every host owns no host of others, and gets no request for one with exclusive hosts", async () => {
    const all = buildRoute("bob/all", [], [forwardTo("web")], { metadata: OLD, parent: { sectionName: "http" } });
    const secure = buildRoute("alice/secure", ["a.example.com"], [forwardTo("app")], {
      metadata: YOUNG,
      parent: { sectionName: "https" },
    });
    const { find } = compileTenants([all, secure], EXCLUSIVE);
    assert.equal(await find("https://a.example.com/"), "alice/app:80");
    assert.equal(await find("http://a.example.com/"), "404");
    assert.equal(await find("http://other.example.com/"), "bob/web:80");
  });

  test("A listener without routes does not hide the Ingress for every host", async () => {
    const evil = buildGateway("bob/evil", [...EMPTY_LISTENERS, buildListener("http")]);
    const ingress = buildTenantIngress("alice/all", undefined, { "/app": "app" });
    const { find } = compileTenants([ingress, evil, OWN_ROUTE], { permits: NO_CLAIMS });
    assert.equal(await find("http://a.example.com/app"), "alice/app:80");
  });
});
