import assert from "node:assert/strict";
import { test } from "node:test";
import { ingressYaml } from "../convert/convert-objects.ts";
import { EXAMPLES, runEdgress } from "../support/cli/edge-cli.ts";
import { parseClusterYaml } from "../support/parse-cluster-yaml.ts";

test("convert prints manifests that edgress reads without errors, and the reason of each Ingress that stays", async () => {
  const { code, stdout, stderr } = await runEdgress(["convert", `${EXAMPLES}/ingress-nginx-migration`]);
  assert.equal(code, 1);
  const { gateway, invalidObjects } = parseClusterYaml(stdout);
  assert.deepEqual(invalidObjects, []);
  assert.equal(gateway.gateways.length, 1);
  assert.ok(gateway.httpRoutes.length > 50);
  assert.deepEqual(
    gateway.httpRoutes.flatMap(({ unsupportedFields }) => unsupportedFields),
    [],
  );
  assert.match(
    stderr,
    /^not converted: Ingress vault\/vault metadata\.annotations\[backend-protocol\]: set appProtocol/m,
  );
  assert.doesNotMatch(stderr, /^(?!not converted: |differs: )./m);
});

test("convert reads standard input, and names the Gateway of the routes", async () => {
  const { code, stdout, stderr } = await runEdgress(["convert", "-", "--gateway", "infra/web"], {}, ingressYaml(""));
  assert.deepEqual([code, stderr], [0, ""]);
  const { gateway } = parseClusterYaml(stdout);
  assert.deepEqual(
    gateway.gateways.map(({ namespace, name }) => [namespace, name]),
    [["infra", "web"]],
  );
  assert.deepEqual(
    gateway.httpRoutes.map(({ name, hostnames, parentRefs }) => [name, hostnames, parentRefs[0]?.name]),
    [["cart", ["cart.example.com"], "web"]],
  );
});

test("convert rejects an invalid Gateway name and missing paths", async () => {
  for (const args of [["convert"], ["convert", "-", "--gateway", "web"]]) {
    const { code, stderr } = await runEdgress(args);
    assert.equal(code, 2);
    assert.match(stderr, /Write it like/);
  }
});
