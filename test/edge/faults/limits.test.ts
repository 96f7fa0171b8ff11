import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Env } from "../../../src/env.ts";
import { buildManifests } from "../../support/manifests.ts";
import { waitFor } from "../../support/wait-for.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";
import { writeWrappedWorker } from "../../support/worker/wrapped-worker.ts";

/** The part of src/load/snapshot-store.ts that a test uses. It needs the types of Workers. */
interface StoreModule {
  createKvStore(env: Pick<Env, "RULES">): { blobs(keys: readonly string[]): Promise<ReadonlyMap<string, string>> };
}

const REASON = "Too many subrequests by single Worker invocation.";

/** Limits that workerd leaves to Cloudflare: X-Subrequests fetches of a request, and 6 connections. */
const LIMITED_PLATFORM = {
  setUp: `
    let left = Infinity, open = 0, most = 0;
    const waiting = [];
    async function connect(act) {
      if (open === 6) await new Promise((resolve) => waiting.push(resolve));
      most = Math.max(most, ++open);
      try { return await act(); } finally { open--; waiting.shift()?.(); }
    }
    const { fetch, caches } = globalThis;
    globalThis.fetch = (...args) => left-- > 0 ? connect(() => fetch(...args)) : Promise.reject(new Error("${REASON}"));
    const { default: cache } = caches;
    const match = (...args) => connect(() => cache.match(...args));
    const put = (...args) => connect(() => cache.put(...args));
    Object.defineProperty(globalThis, "caches", { value: { default: { match, put } } });`,
  beforeRequest: `
    left = Number(request.headers.get("X-Subrequests") ?? Infinity);
    const { RULES } = env;
    env = { ...env, RULES: { get: (...args) => connect(() => RULES.get(...args)) } };
    if (request.url.endsWith("/connections")) return Response.json({ open, most });`,
};

const BUSY = { "proxy-next-upstream": "http_503", "proxy-next-upstream-tries": "0" };
const HOSTS = {
  shop: {},
  several: { service: "several", annotations: BUSY },
  guarded: { annotations: { "auth-url": "http://auth.default.svc.cluster.local/" } },
  mirrored: { annotations: { "mirror-target": "http://shadow.default.svc.cluster.local/" } },
  replaced: { service: "broken", annotations: { "custom-http-errors": "503", "default-backend": "shop" } },
};
const ADDRESSES = {
  shop: ["203.0.113.1"],
  several: ["203.0.113.2", "203.0.113.3", "203.0.113.4"],
  auth: ["203.0.113.5"],
  shadow: ["203.0.113.6"],
  broken: ["203.0.113.7"],
};

let edge: WorkerHarness;
let removeWorker: () => Promise<void>;
const origins = new Map<string, OriginServer>();

before(async () => {
  const { worker, remove } = await writeWrappedWorker(LIMITED_PLATFORM);
  removeWorker = remove;
  edge = await startWorkerHarness({ worker });
  for (const address of Object.values(ADDRESSES).flat())
    origins.set(address, await startOriginServer(`${address}:80`, edge.stack));
  for (const address of [...ADDRESSES.several, ...ADDRESSES.broken])
    origin(address).respond = (response) => response.writeHead(503).end();
  await edge.publish(buildManifests(HOSTS, ADDRESSES));
});

after(async () => {
  await edge.close();
  for (const { close } of origins.values()) await close();
  await removeWorker();
});

function origin(address: string): OriginServer {
  const found = origins.get(address);
  assert.ok(found);
  return found;
}

/** Sends a request that may send `subrequests`, and returns its status and access line. */
async function fetchLimited(host: string, subrequests: number) {
  const id = `${host}-${subrequests}`;
  const headers = { "X-Request-ID": id, "X-Subrequests": String(subrequests) };
  const { status } = await sendRequest(edge, `http://${host}.example.com/`, { headers });
  const { outcome, reason, attempts } = await edge.waitForAccessLine(id);
  return [status, outcome, reason, attempts];
}

describe("the limit of subrequests", () => {
  test("A request without subrequests left is a 503, and no other address is tried", async () => {
    assert.deepEqual(await fetchLimited("shop", 0), [503, "subrequest-limit", REASON, undefined]);
    assert.deepEqual(await fetchLimited("several", 0), [503, "subrequest-limit", REASON, undefined]);
  });

  test("A retry without subrequests left is a 503, and ends the retries", async () => {
    assert.deepEqual(await fetchLimited("several", 2), [503, "subrequest-limit", REASON, 3]);
  });

  test("A request whose authentication has no subrequests left is denied, and nothing is forwarded", async () => {
    assert.deepEqual(await fetchLimited("guarded", 0), [
      500,
      "denied",
      `the authentication service is unreachable: ${REASON}`,
      undefined,
    ]);
    assert.deepEqual(await fetchLimited("guarded", 1), [503, "subrequest-limit", REASON, undefined]);
    assert.equal(origin("203.0.113.1").requests.length, 0);
    assert.equal(origin("203.0.113.5").requests.length, 1);
    assert.deepEqual(await fetchLimited("guarded", 2), [200, "routed", undefined, undefined]);
  });

  test("A mirrored request needs two subrequests", async () => {
    assert.deepEqual(await fetchLimited("mirrored", 1), [503, "subrequest-limit", REASON, undefined]);
    assert.deepEqual(await fetchLimited("mirrored", 2), [200, "routed", undefined, undefined]);
  });

  test("An error page without subrequests left is a 503", async () => {
    assert.deepEqual(await fetchLimited("replaced", 1), [503, "subrequest-limit", "replaced 503 (routed)", undefined]);
  });
});

describe("the limit of 6 connections", { timeout: 60_000 }, () => {
  test("A cold isolate and a mirror that does not respond leave connections for the visitor's request", async () => {
    origin("203.0.113.6").respond = () => {};
    await edge.stack.restartWorker();
    assert.equal((await sendRequest(edge, "http://mirrored.example.com/")).status, 200);
    const readConnections = async () =>
      JSON.parse((await sendRequest(edge, "http://shop.example.com/connections")).body);
    const { most } = (await waitFor(async () => {
      const connections = await readConnections();
      return connections.open === 1 && connections; // that of the mirror
    })) as { most: number };
    assert.ok(most < 6, `${most} connections`);
  });

  test("An isolate reads up to 3 batches of a new generation at the same time", async () => {
    let [open, most, reads] = [0, 0, 0];
    const get = async (keys: string[]) => {
      reads++;
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, 1));
      open--;
      return new Map(keys.map((key) => [key, "value"]));
    };
    const keys = Array.from({ length: 100 }, (_, index) => `shard/${index}`);
    const { createKvStore } = (await import(`../../../src/load/${"snapshot-store"}.ts`)) as StoreModule;
    const values = await createKvStore({ RULES: { get } as unknown as Env["RULES"] }).blobs(keys);
    assert.deepEqual([values.size, reads, most], [100, 12, 3]);
  });
});
