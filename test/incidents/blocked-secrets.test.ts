import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControllerHarness, withHarness } from "../support/controller/controller-harness.ts";
import { applySecret } from "../support/controller/watched-references.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const PREFIX = "nginx.ingress.kubernetes.io";
const HASH = "$apr1$abcdefgh$T0kdUXmOGqFbBKMLDRN0z0";
const HOSTS = Array.from({ length: 12 }, (_, index) => `shop-${index}`);

/** Returns the policies of each guarded host, as JSON. */
async function readGuards({ readPublished }: ControllerHarness): Promise<Record<string, string>> {
  const { hosts } = await readPublished();
  const guards = hosts.filter(({ host }) => host !== "web.example.com");
  return Object.fromEntries(guards.map(({ host, routes }) => [host, JSON.stringify(routes[0]?.policies)]));
}

test(
  "Guards of a blocked mass deletion keep the ciphertext of their Secrets",
  withHarness(async (harness) => {
    const { server, apply } = harness;
    apply(
      buildServiceManifest("web", ["203.0.113.10"]),
      buildIngressManifest("web", "web.example.com", { "/": "web" }),
    );
    for (const name of HOSTS) {
      applySecret(server, "default", name, `${name}:${HASH}\n`);
      const basicAuth = { [`${PREFIX}/auth-type`]: "basic", [`${PREFIX}/auth-secret`]: name };
      apply(buildIngressManifest(name, `${name}.example.com`, { "/": "web" }, basicAuth));
    }
    const controller = await harness.start();
    await controller.waitForResult("completed");
    const guards = await readGuards(harness);
    assert.match(guards["shop-0.example.com"] ?? "", /"sealed:[\w+/]+=*:[\w+/]+=*"/);

    for (const name of HOSTS) server.remove("Ingress", "default", name);
    await controller.waitForLog(/deletion blocked: 12 hosts would lose their last route/);
    for (const [index, path] of ["/new", "/newer"].entries()) {
      const generation = harness.generation();
      apply(buildIngressManifest("web", "web.example.com", { [path]: "web" }));
      await waitFor(() => harness.generation() > generation, 20_000);
      await controller.sync();
      assert.deepEqual(await readGuards(harness), guards, `change ${index}`);
    }
  }),
);
