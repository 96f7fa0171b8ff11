import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import { applySecret, LIST_BY_NAME, NAMESPACE_LIST } from "../support/controller/watched-references.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const PREFIX = "nginx.ingress.kubernetes.io";
const HASH = "$apr1$abcdefgh$T0kdUXmOGqFbBKMLDRN0z0";

function applyGuardedIngresses({ server, apply }: ControllerHarness): void {
  apply(buildServiceManifest("web", ["203.0.113.10"]));
  for (const name of ["shop", "blog"]) {
    applySecret(server, "default", `${name}-users`, `jane:${HASH}\n`);
    const basicAuth = { [`${PREFIX}/auth-type`]: "basic", [`${PREFIX}/auth-secret`]: `${name}-users` };
    apply(buildIngressManifest(name, `${name}.example.com`, { "/": "web" }, basicAuth));
  }
  applySecret(server, "default", "foreign", "text-of-another-secret");
}

/** Returns the policies of each host. */
async function listPolicies({ readPublished }: ControllerHarness): Promise<Record<string, string[]>> {
  const { hosts } = await readPublished();
  return Object.fromEntries(
    hosts.map(({ host, routes }) => [host, routes.flatMap(({ policies }) => Object.keys(policies))]),
  );
}

const GUARDED = { "blog.example.com": ["authorization"], "shop.example.com": ["authorization"] };

test(
  "Guards keep guarding after the right to list Secrets is revoked, and follow each Secret",
  withHarness(async (harness) => {
    const { server } = harness;
    applyGuardedIngresses(harness);
    const controller = await harness.start();
    await controller.waitForResult("completed");
    assert.deepEqual(await listPolicies(harness), GUARDED);
    await waitFor(() => server.countWatches(/\/secrets\?/) === 1);
    server.forbid(NAMESPACE_LIST);
    server.injectWatchFault(/\/secrets\?/, { type: "error", code: 410 });
    await waitFor(() => server.countWatches(LIST_BY_NAME) >= 2);
    await controller.waitForLog(/watched by name kind=Secret namespace=default: .* is forbidden/);
    await controller.sync();
    assert.deepEqual(await listPolicies(harness), GUARDED);
    server.remove("Secret", "default", "shop-users");
    await waitFor(async () => (await listPolicies(harness))["shop.example.com"]?.[0] === "failClosed", 20_000);
    assert.deepEqual((await listPolicies(harness))["blog.example.com"], ["authorization"]);
    assert.ok(!controller.hasLogged(/text-of-another-secret|foreign/));
  }),
);
