import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePermits } from "../../sync/permits/parse.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";
import { compileObjects, FAST_OPTIONS } from "./compile-objects.ts";

const PERMITS = `
claims:
  - { namespaces: [alice], hosts: [a.example.com] }
  - { namespaces: [bob], hosts: [b.example.com] }
limits: [{ namespaces: ["*"], maxRoutes: 100 }]
origins:
  - { namespaces: [alice], addresses: [203.0.113.20, "2001:db8::20"] }
  - { namespaces: [bob], addresses: [203.0.113.10] }
`;

const authority = fc.oneof(
  fc.constantFrom(
    "app.alice.svc.cluster.local",
    "APP.Alice.svc",
    "app.alice",
    "app.alice.svc.cluster.local.",
    "user@app.alice.svc",
    "203.0.113.20",
    "203.0.113.020",
    "0xcb.0.113.20",
    "3405803796",
    "[2001:db8::20]",
    "[2001:DB8:0:0::0020]",
    "[::ffff:203.0.113.20]",
    "[::ffff:cb00:7114]",
    "$host.alice.svc",
    "$" + "{arg_h}",
    "$http_x",
    "web",
    "web.bob.svc",
    "a.example.com",
    "b.example.com",
  ),
  fc.string({ unit: fc.constantFrom(..."ap.lice$[]:@%203-"), maxLength: 24 }),
);
const url = fc
  .tuple(
    fc.constantFrom("http", "https"),
    authority,
    fc.constantFrom("", ":80", ":443", ":8080"),
    fc.constantFrom("", "/", "/x", "$request_uri"),
  )
  .map(([scheme, host, port, path]) => `${scheme}://${host}${port}${path}`);
const annotations = fc.record(
  {
    "auth-url": url,
    "mirror-target": url,
    "mirror-host": fc.constantFrom("a.example.com", "b.example.com", "A.EXAMPLE.COM"),
    "upstream-vhost": fc.constantFrom("a.example.com", "A.Example.com", "$arg_h", "a.$arg_h", "b.example.com"),
    "default-backend": fc.constantFrom("app", "alice/app", "web", "app.alice"),
    "custom-http-errors": fc.constant("404,503"),
  },
  { requiredKeys: [] },
);

test("No annotation of a tenant reaches a Service, an address or a Host of another tenant", () => {
  const permits = parsePermits(PERMITS);
  assert.ok(permits.ok);
  const options = { ...FAST_OPTIONS, permits: permits.value };
  const withNamespace = (object: { metadata: object }, namespace: string) => ({
    ...object,
    metadata: { ...object.metadata, namespace },
  });
  const others = [
    withNamespace(buildIngressManifest("front", "a.example.com", { "/": "app" }), "alice"),
    withNamespace(buildServiceManifest("app", ["203.0.113.20", "2001:db8::20"]), "alice"),
    withNamespace(buildServiceManifest("web", ["203.0.113.10"]), "bob"),
  ];
  const aliceAlone = compileObjects(others, options).rules.hosts;
  fc.assert(
    fc.property(annotations, (values) => {
      const ingress = buildIngressManifest("back", "b.example.com", { "/": "web" }, withNginxPrefix(values));
      const { rules } = compileObjects([...others, withNamespace(ingress, "bob")], options);
      const [alice, bob] = ["a.example.com", "b.example.com"].map((name) =>
        rules.hosts.find(({ host }) => host === name),
      );
      assert.deepEqual([alice], aliceAlone);
      assert.deepEqual(
        Object.values(bob?.backends ?? {}).flatMap(({ addresses }) => addresses.map(({ address }) => address)),
        ["203.0.113.10"],
      );
      for (const { policies } of bob?.routes ?? []) {
        assert.notEqual(policies.mirror?.host, "a.example.com");
        const { host = "", permitted } = policies.upstreamVhost ?? {};
        assert.ok(host.includes("$") ? permitted?.join() === "b.example.com" : host.toLowerCase() !== "a.example.com");
      }
    }),
    { numRuns: 500 },
  );
});
