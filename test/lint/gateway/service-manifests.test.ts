import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCluster } from "../../../sync/collect/parse-objects.ts";
import { buildServiceManifests } from "../../../sync/lint/services/service-manifests.ts";
import { findServiceNeeds } from "../../../sync/lint/services/service-needs.ts";
import { buildWebGateway, buildWebRoute, GATEWAY_CLASS } from "../../support/cli/gateway-input.ts";
import { OPTIONS } from "../../support/fixture.ts";

test("edgress lint --write-services writes the Services of HTTPRoutes, with the names of the routes", () => {
  const service = {
    ...{ apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "shop" } },
    spec: { ports: [{ port: 80 }] },
  };
  const objects = [GATEWAY_CLASS, buildWebGateway(), buildWebRoute("web"), buildWebRoute("api"), service];
  const raw = objects.map((object) => ({ object, source: "shop.yaml:1" }));
  const manifests = buildServiceManifests(findServiceNeeds(parseCluster(raw), { ...OPTIONS, zones: ["."] }), raw);
  assert.deepEqual(
    manifests.map(({ fileName, text }) => [fileName, text.split("\n")[0]]),
    [
      [
        "shop.shop.yaml",
        "# Written by edgress lint for HTTPRoute shop/api, shop/web. Review it, then run kubectl apply.",
      ],
    ],
  );
});
