import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseCluster } from "../../sync/collect/parse-objects.ts";
import { compileWithLastGood, NO_PREVIOUS_STATE } from "../../sync/compile/last-good.ts";
import { OPTIONS } from "../support/fixture.ts";
import { buildIngressManifest, buildServiceManifest, withNginxPrefix } from "../support/manifests.ts";

const options = { ...OPTIONS, zones: ["example.com"] };
const NOW = "2026-11-23T08:00:00.000Z";

interface PathInput {
  readonly path: string;
  readonly pathType?: string;
  readonly service?: string;
}

/** Returns an Ingress of shop.example.com. */
function buildShop(paths: readonly PathInput[], annotations: Readonly<Record<string, string>> = {}): object {
  const ingress = buildIngressManifest("shop", undefined, {}, withNginxPrefix(annotations));
  const http = {
    paths: paths.map(({ path, pathType = "Prefix", service = "web" }) => ({
      path,
      pathType,
      backend: { service: { name: service, port: { number: 80 } } },
    })),
  };
  return { ...ingress, spec: { ingressClassName: "edgress", rules: [{ host: "shop.example.com", http }] } };
}

function compileShop(ingress: object, previous = NO_PREVIOUS_STATE) {
  const services = ["web", "api"].map((name) => buildServiceManifest(name, ["203.0.113.10"]));
  const objects = [ingress, ...services].map((object) => ({ object, source: "in.yaml:1" }));
  return compileWithLastGood(parseCluster(objects), previous, { ...options, watchIngressWithoutClass: true }, NOW);
}

/** Returns the routes after `current` replaced `lastGood`, which must be served by its last good version. */
function listRoutesAfter(lastGood: object, current: object) {
  const compiled = compileShop(current, compileShop(lastGood));
  assert.deepEqual([...compiled.brokenSince.keys()], ["default/shop"]);
  return compiled.compilation.rules.hosts.flatMap(({ routes }) => routes);
}

function listPaths(lastGood: readonly PathInput[], current: readonly PathInput[]): string[] {
  return listRoutesAfter(buildShop(lastGood), buildShop(current)).map(({ path }) =>
    "pattern" in path ? path.pattern : path.path,
  );
}

describe("a broken Ingress that is served by its last good version", () => {
  const broken = { path: "/cart", pathType: "Regex" };

  test("An Ingress cannot lose a new redirect to https or a new body limit because it is broken", () => {
    const annotations = { "force-ssl-redirect": "true", "proxy-body-size": "1k" };
    const [route] = listRoutesAfter(buildShop([{ path: "/cart" }]), buildShop([broken], annotations));
    assert.ok(route?.policies.sslRedirect);
    assert.deepEqual(route.policies.bodySize, { most: 1024 });
  });

  test("An Ingress cannot keep a path that it removed because another path is broken", () => {
    assert.deepEqual(listPaths([{ path: "/cart" }, { path: "/admin", service: "api" }], [broken]), ["/cart"]);
  });

  test("A removed path with the backend of a broken new path stays, because it may be the edited one", () => {
    assert.deepEqual(listPaths([{ path: "/cart" }, { path: "/old" }], [{ path: "/new", pathType: "Regex" }]), [
      "/cart",
      "/old",
    ]);
    assert.deepEqual(
      listPaths(
        [{ path: "/cart" }, { path: "/old", service: "api" }],
        [{ path: "/new", pathType: "Regex" }, { path: "/cart" }],
      ),
      ["/cart"],
    );
  });

  test("A new path is not served while the Ingress is broken", () => {
    assert.deepEqual(listPaths([{ path: "/cart" }], [broken, { path: "/new" }]), ["/cart"]);
  });
});
