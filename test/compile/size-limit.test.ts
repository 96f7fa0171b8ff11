import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, test } from "node:test";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compile } from "../../sync/compile/compile.ts";
import { compileWithLastGood } from "../../sync/compile/last-good.ts";
import { toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { serializeHosts } from "../../sync/publish/serialize.ts";
import { OPTIONS } from "../support/fixture.ts";

const MEBIBYTE = 1024 * 1024;
const options = {
  ...OPTIONS,
  zones: ["example.com"],
  tokenizeSecret: (text: string) => `sealed:${createHash("sha256").update(text).digest("hex")}`,
};

/** Returns an Ingress whose Secret has `users` users, and the Secret: 60 bytes a user when they are encrypted. */
function buildLargeIngress(name: string, created: string, paths: number, users: number): object[] {
  const lines = Array.from({ length: users }, (_, index) => `user${10_000 + index}:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=`);
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    data: { auth: Buffer.from([`# ${name}`, ...lines].join("\n")).toString("base64") },
  };
  return [
    buildWebIngress(name, created, paths, {
      "nginx.ingress.kubernetes.io/auth-type": "basic",
      "nginx.ingress.kubernetes.io/auth-secret": name,
    }),
    secret,
  ];
}

const LONG_PATH = "x".repeat(3000);

function buildWebIngress(
  name: string,
  created: string,
  paths: number,
  annotations: Readonly<Record<string, string>>,
  suffix = "",
) {
  const backend = { service: { name: "web", port: { number: 80 } } };
  const rulePaths = Array.from({ length: paths }, (_, index) => ({
    path: index < 2 ? `/${name}/${index}` : `/${name}/${index}${suffix}`,
    pathType: "Prefix",
    backend,
  }));
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name, creationTimestamp: created, annotations },
    spec: { rules: [{ host: "shop.example.com", http: { paths: rulePaths } }] },
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
    const largeIngress = buildLargeIngress("huge", "2026-11-01T00:00:00Z", 5, 30_000);
    const smallIngress = buildLargeIngress("small", "2026-11-02T00:00:00Z", 3, 2);
    const compilation = compile(buildWebCluster(...largeIngress, ...smallIngress), options);
    assert.deepEqual(listFailClosed(compilation), { "default/huge": "5 of 5", "default/small": "0 of 3" });
    const [diagnostic, ...otherDiagnostics] = compilation.diagnostics;
    assert.equal(diagnostic?.reason, "IngressTooLarge");
    assert.equal(diagnostic?.object, "Ingress default/huge");
    assert.match(
      diagnostic?.problem ?? "",
      /^paths would use 1[67]\d{2} KiB of the host's rules, more than the 1536 KiB allowed per Ingress$/,
    );
    assert.deepEqual(otherDiagnostics, []);
    assert.ok(toCanonicalJson(compilation.rules).length < 100_000);
  });

  test("A too large Ingress keeps its last good rules", () => {
    const goodIngress = [buildWebIngress("shop", "2026-11-01T00:00:00Z", 2, {})];
    const noPreviousState = { lastGood: new Map(), brokenSince: new Map() };
    const firstCompilation = compileWithLastGood(
      buildWebCluster(...goodIngress),
      noPreviousState,
      options,
      "2026-11-23T08:00:00.000Z",
    );
    const largeIngress = [buildWebIngress("shop", "2026-11-01T00:00:00Z", 600, {}, LONG_PATH)];
    const secondCompilation = compileWithLastGood(
      buildWebCluster(...largeIngress),
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
    const objects = Array.from({ length: 6 }, (_, index) =>
      buildLargeIngress(`team-${index}`, `2026-11-${String(index + 1).padStart(2, "0")}T00:00:00Z`, 6, 8000),
    ).flat();
    const compilation = compile(buildWebCluster(...objects), options);
    const failClosedCounts = listFailClosed(compilation);
    assert.equal(failClosedCounts["default/team-0"], "0 of 6");
    assert.equal(failClosedCounts["default/team-5"], "6 of 6");
    assert.ok(toCanonicalJson(compilation.rules).length < 1.85 * MEBIBYTE);
  });

  test("The settings of an Ingress count once, whatever the number of its paths, because a shard stores them once", () => {
    const ranges = Array.from({ length: 10_000 }, (_, index) => `10.${100 + (index >> 8)}.${index & 255}.0/24`);
    const annotations = { "nginx.ingress.kubernetes.io/whitelist-source-range": ranges.join(",") };
    const compilation = compile(
      buildWebCluster(buildWebIngress("listed", "2026-11-01T00:00:00Z", 70, annotations)),
      options,
    );
    assert.deepEqual(listFailClosed(compilation), { "default/listed": "0 of 70" });
    assert.ok(compilation.rules.hosts.flatMap(serializeStored).join("").length < 0.3 * MEBIBYTE);
  });

  test("5,000 paths of one host fit", () => {
    const compilation = compile(buildWebCluster(buildWebIngress("many", "2026-11-01T00:00:00Z", 5000, {})), options);
    assert.deepEqual(listFailClosed(compilation), { "default/many": "0 of 5000" });
    assert.deepEqual(compilation.diagnostics, []);
  });
});

/** Returns the texts of a host in a shard. */
function serializeStored(rules: HostRules): string[] {
  return serializeHosts([rules]).flatMap(({ text, settings }) => [text, ...settings.map((entry) => entry.text)]);
}
