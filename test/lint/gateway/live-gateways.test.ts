import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { GATEWAY_RESOURCES } from "../../support/api-server/gateway-resources.ts";
import { ApiServer, type AppliedObject } from "../../support/api-server.ts";
import {
  buildWebGateway,
  buildWebRoute,
  formatFindings,
  formatVerdicts,
  GATEWAY_CLASS,
  joinManifests,
  LISTENERS,
  SHOP_SERVICE,
} from "../../support/cli/gateway-input.ts";
import { lintToJson, runWithInput } from "../../support/cli/lint-command.ts";

let server: ApiServer;
let folder: string;
let environment: Record<string, string>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "lint-live-gateways-"));
});

beforeEach(async () => {
  await server?.stop();
  server = await ApiServer.start({ resources: GATEWAY_RESOURCES });
  await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
  environment = { KUBECONFIG: join(folder, "kubeconfig") };
});

after(async () => {
  await server.stop();
  await rm(folder, { recursive: true });
});

function applyAll(...objects: readonly AppliedObject[]): void {
  for (const object of objects) server.apply(object);
}

const [HTTP = {}] = LISTENERS;

describe("edgress lint --live of the Gateway API", () => {
  test("edgress lint --live without a path checks the HTTPRoutes and Gateways of the cluster", async () => {
    const allowedRoutes = { namespaces: { from: "Selector", selector: { matchLabels: { team: "web" } } } };
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop", labels: { team: "web" } } };
    applyAll(
      GATEWAY_CLASS,
      buildWebGateway([{ ...HTTP, allowedRoutes }]),
      buildWebRoute("shop"),
      SHOP_SERVICE,
      namespace,
    );
    const { code, report } = await lintToJson(["--live"], "", environment);
    assert.deepEqual(formatVerdicts(report), [
      "GatewayClass edgress now",
      "Gateway infra/web now",
      "HTTPRoute shop/shop now",
    ]);
    assert.deepEqual([code, report.findings[0]?.source], [0, "cluster"]);
  });

  test("edgress lint --live reports a route whose Gateway does not exist", async () => {
    applyAll(buildWebRoute("shop"), SHOP_SERVICE);
    const { code, report } = await lintToJson(["--live"], "", environment);
    assert.deepEqual(formatFindings(report), [
      "error HTTPRoute shop/shop spec.parentRefs[0] GatewayNotFound: Gateway infra/web not found; create it, or correct the parentRef",
    ]);
    assert.equal(code, 1);
  });

  test("Routes of files get their Gateway from the cluster, and no other object of it is checked", async () => {
    const other = buildWebGateway([{ name: "alt", port: 8080, protocol: "HTTP" }], "edgress", "other");
    applyAll(GATEWAY_CLASS, buildWebGateway(), other, buildWebRoute("live"), SHOP_SERVICE);
    const { code, report } = await lintToJson(["-", "--live"], joinManifests(buildWebRoute("shop")), environment);
    assert.deepEqual(formatVerdicts(report), [
      "GatewayClass edgress now",
      "Gateway infra/web now",
      "HTTPRoute shop/shop now",
    ]);
    assert.equal(code, 0);
  });

  test("A kind that the cluster refuses to list is not checked, and the warning names the rule of the role", async () => {
    applyAll(GATEWAY_CLASS, buildWebGateway(), buildWebRoute("shop"), SHOP_SERVICE);
    server.forbid(/\/gateways/);
    const { code, out, error } = await runWithInput(["lint", "--live", "--format", "json"], "", environment);
    assert.deepEqual(
      [code, error.split("\n").slice(1)],
      [
        0,
        [
          'edgress: not checked, because the cluster refuses the list: Gateway. Add the verb list for gateways of API group "gateway.networking.k8s.io" to the role',
          "",
        ],
      ],
    );
    assert.deepEqual(JSON.parse(out).uncheckedObjects, [{ kind: "Gateway", namespace: "infra", name: "web" }]);
  });

  test("If HTTPRoutes are the only objects and the cluster refuses them, the error names the rule of the role", async () => {
    applyAll(GATEWAY_CLASS, buildWebRoute("shop"));
    server.forbid(/\/(httproutes|gatewayclasses)/);
    const { code, error } = await runWithInput(["lint", "--live"], "", environment);
    assert.equal(code, 2);
    assert.equal(
      error,
      'edgress: Ingress or HTTPRoute not found in the cluster; not checked, because the cluster refuses the list: GatewayClass, HTTPRoute. Add the verb list for gatewayclasses, httproutes of API group "gateway.networking.k8s.io" to the role\n',
    );
  });

  test("A cluster without the Gateway API has no HTTPRoute, and no warning", async () => {
    await server.stop();
    server = await ApiServer.start();
    await writeFile(join(folder, "kubeconfig"), server.kubeconfigText);
    assert.deepEqual(await runWithInput(["lint", "--live"], "", environment), {
      code: 2,
      out: "",
      error: "edgress: Ingress or HTTPRoute not found in the cluster. Check the context of the kubeconfig\n",
    });
  });
});
