import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { GATEWAY_RESOURCES } from "../../support/api-server/gateway-resources.ts";
import type { AppliedObject } from "../../support/api-server.ts";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { runStatusCommand, STATUS_TOKEN, startStatusWorld } from "../../support/cli/status-world.ts";
import {
  buildGatewayManifest,
  buildHttpRouteManifest,
  buildServiceOf,
  GATEWAY_CLASS,
} from "../../support/controller/gateway-objects.ts";

const world = await startStatusWorld(GATEWAY_RESOURCES);
const environment = { ...world.kubeconfig, ...world.account, EDGRESS_STATUS_TOKEN: STATUS_TOKEN };

const SHOP = buildHttpRouteManifest("shop");

/** Returns a route with another spec. */
function withSpec(route: AppliedObject, spec: object): AppliedObject {
  return { ...route, spec: { ...(route.spec as object), ...spec } };
}

const sync = () => runEdgress(["sync", "--once"], environment);

describe("edgress status of HTTPRoutes", () => {
  test("The overview counts HTTPRoutes by their state", async () => {
    const objects = [
      GATEWAY_CLASS,
      buildGatewayManifest("public"),
      buildServiceOf("default"),
      SHOP,
      withSpec(buildHttpRouteManifest("rejected"), { parentRefs: [{ name: "public", sectionName: "https" }] }),
      withSpec(buildHttpRouteManifest("foreign"), { parentRefs: [{ name: "other" }] }),
      withSpec(buildHttpRouteManifest("closed"), { rules: [{ backendRefs: [{ name: "gone", port: 80 }] }] }),
    ];
    for (const object of objects) world.server.apply(object);
    await sync();
    const { lines } = await runStatusCommand(environment, "--edge-url", world.edgeUrl);
    assert.ok(lines.includes("httproutes 2 accepted, 1 rejected, 1 ignored, 1 closed, 0 waiting"), lines.join("\n"));
    assert.ok(lines.includes("ingresses  0 selected, 0 ignored, 0 closed, 0 last good, 0 waiting"), lines.join("\n"));
    assert.ok(lines.includes("problem    every path returns 500 for: HTTPRoute default/closed"), lines.join("\n"));
  });

  test("An HTTPRoute that was synced is live, with its parents and routes", async () => {
    const { code, lines } = await runStatusCommand(environment, "httproute/default/shop", "--edge-url", world.edgeUrl);
    assert.deepEqual(lines, [
      "httproute  default/shop",
      "live       yes",
      "parent     Gateway default/public: Accepted=True, ResolvedRefs=True",
      "cluster    its current version has 1 route",
      "kv         generation 1 (TIME) has 1 of its routes, as in the cluster",
      "route      shop.example.com prefix / scheme=http -> default/shop:80",
      `edge       ${world.edgeUrl}: it serves generation 1`,
    ]);
    assert.equal(code, 0);
  });

  test("A parent that does not take an HTTPRoute is a problem, with its reason", async () => {
    const { code, lines } = await runStatusCommand(environment, "httproute/default/rejected");
    assert.deepEqual(lines.slice(1, 5), [
      "live       no",
      "problem    Gateway default/public, section https does not take it: NoMatchingParent: Gateway public has no listener with name https; correct the parentRef",
      "problem    no route of it is published",
      "parent     Gateway default/public, section https: Accepted=False (NoMatchingParent), ResolvedRefs=True",
    ]);
    assert.equal(code, 1);
  });

  test("An HTTPRoute without a parent of ours, a closed one and a missing one name the reason", async () => {
    const problemsOf = async (name: string) =>
      (await runStatusCommand(environment, `httproutes/default/${name}`)).lines.filter((line) =>
        line.startsWith("problem"),
      );
    assert.deepEqual(await problemsOf("foreign"), [
      "problem    none of its parents is a Gateway or ListenerSet of ours",
      "problem    no route of it is published",
    ]);
    assert.deepEqual(await problemsOf("closed"), ["problem    every one of its paths returns 500"]);
    assert.deepEqual(await problemsOf("missing"), [
      "problem    it is not in the watched cluster",
      "problem    no route of it is published",
    ]);
  });

  test("A change of an HTTPRoute waits for a sync", async () => {
    world.server.apply(withSpec(SHOP, { hostnames: ["new.example.com"] }));
    const { lines } = await runStatusCommand(environment, "httproute/default/shop");
    assert.ok(lines.includes("problem    its published routes differ from the cluster's"), lines.join("\n"));
    const overview = await runStatusCommand(environment);
    assert.ok(
      overview.lines.includes("problem    the published rules differ from the cluster's for: HTTPRoute default/shop"),
      overview.lines.join("\n"),
    );
    world.server.apply(SHOP);
  });

  test("With --json, the report is one object", async () => {
    const { lines } = await runStatusCommand(environment, "httproute/default/closed", "--json");
    const { kind, name, cluster } = JSON.parse(lines.join("\n"));
    assert.deepEqual([kind, name], ["HTTPRoute", "default/closed"]);
    assert.deepEqual(cluster.parents, [
      { parent: "Gateway default/public", conditions: ["Accepted=True", "ResolvedRefs=False (BackendNotFound)"] },
    ]);
  });

  test("A blocked removal names the approval that an HTTPRoute waits for", async () => {
    for (const name of ["shop", "closed"]) world.server.remove("HTTPRoute", "default", name);
    await sync();
    const { lines } = await runStatusCommand(environment, "httproute/default/shop");
    assert.match(
      lines[3] ?? "",
      /^problem {4}its removed routes stay published since TIME\. Review them, then run: edgress approve [0-9a-f]{12}$/,
    );
  });
});
