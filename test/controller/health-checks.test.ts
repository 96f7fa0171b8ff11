import assert from "node:assert/strict";
import { createServer, type IncomingHttpHeaders } from "node:http";
import { describe, test } from "node:test";
import type { HealthCheck } from "../../sync/health-checks/list-checks.ts";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { type ControllerHarness, startControllerHarness } from "../support/controller/controller-harness.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";

const ADDRESSES = ["203.0.113.10", "203.0.113.20"];
const CHECK = {
  "edgress.dev/health-check-path": "/healthz?full=1",
  "edgress.dev/health-check-host": "shop.example.com",
  "edgress.dev/health-check-interval": "5",
};
/** A second of the checks has 10 ms, so that an interval has 50 ms and publications of health are 300 ms apart. */
const SECOND_MS = 10;

/** Origins of the addresses, with a status that can be changed. */
interface CheckedOrigins {
  readonly statuses: Map<string, number>;
  readonly requests: { readonly address: string; readonly url: string; readonly headers: IncomingHttpHeaders }[];
  readonly healthChecks: { secondMs: number; findTarget: (check: HealthCheck) => { host: string; port: number } };
  close(): Promise<void>;
}

async function startCheckedOrigins(): Promise<CheckedOrigins> {
  const statuses = new Map(ADDRESSES.map((address) => [address, 200]));
  const requests: CheckedOrigins["requests"] = [];
  const listeners = new Map<string, ListeningServer>();
  for (const address of ADDRESSES) {
    const server = createServer(({ url = "", headers }, response) => {
      requests.push({ address, url, headers });
      response.writeHead(statuses.get(address) ?? 500).end();
    });
    listeners.set(address, await listen(server, 0));
  }
  const findTarget = ({ address, port }: HealthCheck) => {
    assert.equal(port, 80);
    return { host: "127.0.0.1", port: listeners.get(address)?.port ?? 0 };
  };
  const close = async () => void (await Promise.all([...listeners.values()].map((listener) => listener.close())));
  return { statuses, requests, healthChecks: { secondMs: SECOND_MS, findTarget }, close };
}

/** Returns a test function that runs with a separate harness and origins. */
function withOrigins(run: (harness: ControllerHarness, origins: CheckedOrigins) => Promise<void>) {
  return async () => {
    const [harness, origins] = await Promise.all([startControllerHarness(), startCheckedOrigins()]);
    try {
      await run(harness, origins);
    } finally {
      await harness.close();
      await origins.close();
    }
  };
}

async function readUnhealthyAddresses({ readPublished }: ControllerHarness): Promise<string[]> {
  const { manifest, hosts } = await readPublished();
  const addresses = hosts[0]?.backends["default/shop:80"]?.addresses ?? [];
  const records = manifest?.unhealthy?.["default/shop:80"] ?? [];
  return addresses.filter(({ record }) => records.includes(record)).map(({ address }) => address);
}

describe("Active health checks", { timeout: 60_000 }, () => {
  test(
    "An address that fails its checks is published as unhealthy with 2 writes, and as healthy when it passes again",
    withOrigins(async (harness, { statuses, requests, healthChecks }) => {
      harness.apply(
        buildIngressManifest("shop", "shop.example.com", { "/": "shop" }, CHECK),
        buildServiceManifest("shop", ADDRESSES),
      );
      const controller = await harness.start({ healthChecks });
      const standby = await harness.start({ healthChecks });
      await harness.waitUntilLive("shop");
      await waitFor(() => requests.length > 4);
      const [request] = requests;
      assert.deepEqual([request?.url, request?.headers.host], ["/healthz?full=1", "shop.example.com"]);
      assert.equal(request?.headers["user-agent"], "edgress-health-check");
      assert.deepEqual(await readUnhealthyAddresses(harness), []);

      const { generation, accountWrites } = harness;
      const [before, writes] = [generation(), accountWrites().length];
      statuses.set("203.0.113.10", 503);
      await waitFor(async () => (await readUnhealthyAddresses(harness)).join() === "203.0.113.10");
      await waitFor(() => generation() === before + 1);
      assert.deepEqual(accountWrites().slice(writes), [`PUT generation/${before + 1}`, "PUT current"]);
      await harness.waitForEvent("UnhealthyAddress Ingress default/shop");
      assert.ok(controller.hasLogged(/unhealthy address=203\.0\.113\.10 backend=default\/shop:80: status 503/));
      assert.ok(!standby.hasLogged(/unhealthy/));

      statuses.set("203.0.113.10", 204);
      await waitFor(async () => (await readUnhealthyAddresses(harness)).length === 0);
      await harness.waitForEvent("HealthyAddress Ingress default/shop");
    }),
  );

  test(
    "A change of the rules keeps the unhealthy addresses, and a new leader begins with them",
    withOrigins(async (harness, { statuses, healthChecks }) => {
      statuses.set("203.0.113.20", 500);
      harness.apply(
        buildIngressManifest("shop", "shop.example.com", { "/": "shop" }, CHECK),
        buildServiceManifest("shop", ADDRESSES),
      );
      const first = await harness.start({ healthChecks });
      await waitFor(async () => (await readUnhealthyAddresses(harness)).join() === "203.0.113.20");
      harness.apply(buildIngressManifest("more", "shop.example.com", { "/more": "shop" }));
      await harness.waitForRoutes("shop.example.com / -> default/shop:80", "shop.example.com /more -> default/shop:80");
      assert.deepEqual(await readUnhealthyAddresses(harness), ["203.0.113.20"]);
      await first.stop();
      const second = await harness.start({ healthChecks });
      await second.waitForResult("completed");
      assert.deepEqual(await readUnhealthyAddresses(harness), ["203.0.113.20"]);
      assert.ok(!second.hasLogged(/ healthy address/));
    }),
  );

  test(
    "Publications of health are 30 s apart, however often an address changes, and do not fill the history",
    withOrigins(async (harness, { statuses, healthChecks }) => {
      harness.apply(
        buildIngressManifest("shop", "shop.example.com", { "/": "shop" }, { ...CHECK, ...ONE_RESULT }),
        buildServiceManifest("shop", ADDRESSES),
      );
      const controller = await harness.start({ healthChecks });
      await harness.waitUntilLive("shop");
      const before = harness.generation();
      const startedAt = performance.now();
      const countTransitions = () => controller.lines.filter((line) => /healthy address=/.test(line)).length;
      while (countTransitions() < 12) {
        const transitions = countTransitions();
        statuses.set("203.0.113.10", statuses.get("203.0.113.10") === 200 ? 500 : 200);
        await waitFor(() => countTransitions() > transitions);
      }
      const intervals = (performance.now() - startedAt) / (30 * SECOND_MS);
      assert.ok(harness.generation() > before + 1);
      const history = [...harness.kv.values.keys()].filter((key) => key.startsWith("generation/"));
      assert.ok(history.includes(`generation/${before}`), String(history));
      assert.ok(history.length <= before + 2, String(history));
      assert.ok(harness.generation() - before <= intervals + 1, `${harness.generation() - before} in ${intervals}`);
    }),
  );
});

const ONE_RESULT = {
  "edgress.dev/health-check-healthy-threshold": "1",
  "edgress.dev/health-check-unhealthy-threshold": "1",
};
