import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import type { Finding } from "../../sync/lint/findings/finding.ts";
import { lint } from "../../sync/lint/lint.ts";
import { rejectDecryption } from "../support/cli/lint.ts";
import { OPTIONS, ZONES } from "../support/fixture.ts";
import { buildServiceManifest } from "../support/manifests.ts";

/** Returns the findings of a rule for one Ingress with one regex path. */
async function lintPath(rule: string, path: string, annotations: Readonly<Record<string, string>>): Promise<Finding[]> {
  const nginx = "nginx.ingress.kubernetes.io/";
  const entries = Object.entries({ "use-regex": "true", ...annotations }).map(([name, value]) => [nginx + name, value]);
  const backend = { service: { name: "shop", port: { number: 80 } } };
  const ingress = {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata: { name: "shop", annotations: Object.fromEntries(entries) },
    spec: {
      rules: [{ host: "shop.example.com", http: { paths: [{ path, pathType: "ImplementationSpecific", backend }] } }],
    },
  };
  const objects = [ingress, buildServiceManifest("shop", ["203.0.113.10"])];
  const cluster = parseCluster(objects.map((object) => ({ object, source: "shop.yaml:1" })));
  return (await lint(cluster, { ...OPTIONS, zones: ZONES }, rejectDecryption)).filter(
    (finding) => finding.rule === rule,
  );
}

describe("lint", () => {
  for (const [path, target, samplePath] of [
    ["/files(.*)", "/static/$1", "/files../x"],
    ["/(v1|v2)/files(.*)", "/static/$2", "/v1/files../x"],
    ["/files(.*)", "$1", "/files../x"],
    ["/a(b?)files(.*)", "/static/$2", "/afiles../x"],
  ] as const) {
    test(`A rewrite of ${path} to ${target} cannot hide that its group may begin with dots`, async () => {
      const [finding] = await lintPath("rewrite-leaves-target", path, { "rewrite-target": target });
      assert.equal(finding?.url, `http://shop.example.com${samplePath}`);
      assert.equal(finding?.kind, "different");
      assert.equal(finding.edgress, "400");
      assert.equal(finding.nginx, "default/shop:80, with dot segments in the path");
      assert.match(finding.field, /rewrite-target/);
    });
  }

  for (const [path, target] of [
    ["/api(/|$)(.*)", "/$2"],
    ["/files/(.*)", "/static/$1"],
    ["/files([0-9]*)", "/static/$1"],
    ["/files(.*)", "/static$1"],
    ["/files(.*)", "/new"],
  ] as const) {
    test(`lint does not report the rewrite of ${path} to ${target}, whose group cannot make a dot segment`, async () => {
      assert.deepEqual(await lintPath("rewrite-leaves-target", path, { "rewrite-target": target }), []);
    });
  }

  for (const [annotation, location, url, response] of [
    [
      "permanent-redirect",
      "https://www.example.com$1",
      "http://shop.example.com/old.attacker.example/",
      "301 https://www.example.com.attacker.example/",
    ],
    [
      "temporal-redirect",
      "https://$1",
      "http://shop.example.com/oldattacker.example/",
      "302 https://attacker.example/",
    ],
    [
      "permanent-redirect",
      "https://www.example.com$arg_to",
      "http://shop.example.com/old?to=.attacker.example",
      "301 https://www.example.com.attacker.example",
    ],
    [
      "rewrite-target",
      "https://www.example.com$1",
      "http://shop.example.com/old.attacker.example/",
      "302 https://www.example.com.attacker.example/",
    ],
  ] as const) {
    test(`${annotation} to ${location} cannot hide that the client may extend its host name`, async () => {
      const findings = await lintPath("redirect-host-not-fixed", "/old(.*)", { [annotation]: location });
      const finding = findings.find((candidate) => candidate.url === url);
      assert.ok(finding, JSON.stringify(findings));
      assert.deepEqual([finding.kind, finding.edgress, finding.nginx], ["note", response, response]);
      assert.match(finding.field, new RegExp(annotation));
    });
  }

  for (const location of ["https://www.example.com/$1", "https://www.example.com$request_uri", "https://$host/$1"]) {
    test(`lint does not report the redirect to ${location}, whose host name is fixed`, async () => {
      assert.deepEqual(await lintPath("redirect-host-not-fixed", "/old(.*)", { "permanent-redirect": location }), []);
    });
  }
});
