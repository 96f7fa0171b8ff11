import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { compileWithLastGood } from "../../sync/compile/last-good.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { OPTIONS } from "../support/fixture.ts";

const MEBIBYTE = 1024 * 1024;
const options = { ...OPTIONS, zones: ["example.com"] };

/** An Ingress of `paths` paths, on each of which its list of `ranges` source ranges holds: 18 bytes a range. */
function buildLargeIngress(name: string, created: string, paths: number, ranges: number, host = "shop.example.com") {
  const list = Array.from({ length: ranges }, (_, index) => `10.${100 + (index >> 8)}.${index & 255}.0/24`).join(",");
  const backend = { service: { name: "web", port: { number: 80 } } };
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: {
      name,
      creationTimestamp: created,
      annotations: { "nginx.ingress.kubernetes.io/whitelist-source-range": list },
    },
    spec: {
      rules: [
        {
          host,
          http: {
            paths: Array.from({ length: paths }, (_, index) => ({
              path: `/${name}/${index}`,
              pathType: "Prefix",
              backend,
            })),
          },
        },
      ],
    },
  };
}

const webService = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web" },
  spec: { externalIPs: ["203.0.113.10"], ports: [{ port: 80 }] },
};

function buildWebCluster(...objects: object[]) {
  return parseCluster([...objects, webService].map((object) => ({ object, source: "in.yaml:1" })));
}

/** By Ingress: how many of its paths are closed, of how many. */
function listFailClosed({ rules }: ReturnType<typeof compile>): Record<string, string> {
  const routes = rules.hosts.flatMap((host) => host.routes).filter(({ id }) => !id.endsWith("#default"));
  const byIngress = Object.groupBy(routes, ({ id }) => id.replace(/#.*/, ""));
  return Object.fromEntries(
    Object.entries(byIngress).map(([name, ingressRoutes = []]) => [
      name,
      `${ingressRoutes.filter(({ policies }) => policies.failClosed).length} of ${ingressRoutes.length}`,
    ]),
  );
}

describe("size limits of a host", () => {
  test("The paths of a too large Ingress fail closed, and other Ingresses are unaffected", () => {
    const largeIngress = buildLargeIngress("huge", "2026-11-01T00:00:00Z", 130, 1200);
    const smallIngress = buildLargeIngress("small", "2026-11-02T00:00:00Z", 3, 2);
    const compilation = compile(buildWebCluster(largeIngress, smallIngress), options);
    assert.deepEqual(listFailClosed(compilation), { "default/huge": "130 of 130", "default/small": "0 of 3" });
    const [diagnostic, ...otherDiagnostics] = compilation.diagnostics;
    assert.equal(diagnostic?.reason, "IngressTooLarge");
    assert.equal(diagnostic?.object, "Ingress default/huge");
    assert.match(
      diagnostic?.problem ?? "",
      /^paths would use 2\d{3} KiB of the host's rules, more than the 1536 KiB allowed per Ingress$/,
    );
    assert.deepEqual(otherDiagnostics, []);
    assert.ok(toCanonicalJson(compilation.rules).length < 100_000);
  });

  test("A too large Ingress keeps its last good rules", () => {
    const goodIngress = buildLargeIngress("shop", "2026-11-01T00:00:00Z", 2, 2);
    const noPreviousState = { lastGood: new Map(), brokenSince: new Map() };
    const firstCompilation = compileWithLastGood(
      buildWebCluster(goodIngress),
      noPreviousState,
      options,
      "2026-11-23T08:00:00.000Z",
    );
    const largeIngress = buildLargeIngress("shop", "2026-11-01T00:00:00Z", 130, 1200);
    const secondCompilation = compileWithLastGood(
      buildWebCluster(largeIngress),
      firstCompilation,
      options,
      "2026-11-24T08:00:00.000Z",
    );
    assert.deepEqual([...secondCompilation.brokenSince.keys()], ["default/shop"]);
    assert.equal(
      secondCompilation.compilation.rules.hosts[0]?.routes.filter(({ policies }) => policies.failClosed).length,
      0,
    );
  });

  test("Many Ingresses that exceed the limit together leave the room to the oldest ones", () => {
    const ingresses = Array.from({ length: 6 }, (_, index) =>
      buildLargeIngress(`team-${index}`, `2026-11-${String(index + 1).padStart(2, "0")}T00:00:00Z`, 80, 600),
    );
    const compilation = compile(buildWebCluster(...ingresses), options);
    const failClosedCounts = listFailClosed(compilation);
    assert.equal(failClosedCounts["default/team-0"], "0 of 80");
    assert.equal(failClosedCounts["default/team-5"], "80 of 80");
    assert.ok(toCanonicalJson(compilation.rules).length < 1.85 * MEBIBYTE);
  });

  test("The size of an Ingress includes its encrypted secrets", () => {
    const users = Array.from({ length: 20_000 }, (_, index) => `user${index}:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=`);
    const guardedIngress = buildLargeIngress("guarded", "2026-11-01T00:00:00Z", 4, 1);
    const annotations = {
      "nginx.ingress.kubernetes.io/auth-type": "basic",
      "nginx.ingress.kubernetes.io/auth-secret": "users",
    };
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "users" },
      data: { auth: Buffer.from(users.join("\n")).toString("base64") },
    };
    const ingress = { ...guardedIngress, metadata: { ...guardedIngress.metadata, annotations } };
    const compilation = compile(buildWebCluster(ingress, secret), options);
    assert.deepEqual(listFailClosed(compilation), { "default/guarded": "4 of 4" });
  });
});
