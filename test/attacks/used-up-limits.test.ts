import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { buildRoute, compileTenants, forwardTo, OLD, PERMITS, YOUNG } from "./tenant-routes.ts";

// Objects of bob that would use up the limits of alice, or more than his own.

const SECURE = { sectionName: "https" };
const PLAIN = { sectionName: "http" };

/** Routes of bob for names below the wildcards of others, on https only: on http, those answer. */
function buildSecureRoutes(count: number): object[] {
  return Array.from({ length: count }, (_, index) =>
    buildRoute(`bob/r${index}`, [`n${index}.b.example.com`], [forwardTo("web")], { parent: SECURE }),
  );
}

describe("limits of a namespace", () => {
  const permits = `
claims:
  - { namespaces: [alice], hosts: ["*"] }
  - { namespaces: [bob], hosts: ["*.b.example.com"] }
limits: [{ namespaces: [alice], maxRoutes: 5, maxIngressHosts: 2 }]
`;
  const redirect = buildRoute(
    "alice/redirect",
    [],
    [{ filters: [{ type: "RequestRedirect", requestRedirect: { scheme: "https" } }] }],
    { metadata: OLD, parent: PLAIN },
  );

  test("A redirect of http for every host answers for more hosts than one object may name", async () => {
    const { find, reasons } = compileTenants([redirect, ...buildSecureRoutes(3)], { permits });
    assert.deepEqual(reasons, []);
    for (const host of ["n0", "n1", "n2", "other"]) assert.equal(await find(`http://${host}.b.example.com/`), "302");
    assert.equal(await find("https://n2.b.example.com/"), "bob/web:80");
  });

  test("Names of another namespace below a wildcard use up no limit of the routes for own names", async () => {
    const own = ["one", "two"].map((name) =>
      buildRoute(`alice/${name}`, [`${name}.a.example.com`], [forwardTo("app")], { metadata: YOUNG }),
    );
    const { find, reasons } = compileTenants([redirect, ...own, ...buildSecureRoutes(7)], { permits });
    for (const host of ["one", "two"]) assert.equal(await find(`https://${host}.a.example.com/`), "alice/app:80");
    assert.deepEqual([...new Set(reasons)], ["RouteQuotaExceeded HTTPRoute alice/redirect"]);
    assert.equal(await find("https://n6.b.example.com/"), "bob/web:80");
  });
});

describe("sizes of conditions", () => {
  test("The values of conditions count as bytes of their route", () => {
    const permits = `${PERMITS}\nlimits: [{ namespaces: [bob], maxBytes: 10000 }]`;
    const value = "v".repeat(4096);
    const matches = Array.from({ length: 8 }, (_, index) => ({ headers: [{ name: `x-${index}`, value }] }));
    const { reasons } = compileTenants([buildRoute("bob/large", ["b.example.com"], [forwardTo("web", { matches })])], {
      permits,
    });
    assert.deepEqual(reasons, ["NamespaceSizeExceeded HTTPRoute bob/large"]);
  });
});
