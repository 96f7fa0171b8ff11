import assert from "node:assert/strict";
import { createServer, type RequestListener } from "node:http";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { HealthCheckSettings } from "../../src/rules/policies/health-check.ts";
import type { HostRules } from "../../src/rules/snapshot.ts";
import { checkAddress } from "../../sync/health-checks/check-address.ts";
import { addResult, createCheckState } from "../../sync/health-checks/check-state.ts";
import { groupUnhealthy } from "../../sync/health-checks/group-unhealthy.ts";
import { listHealthChecks } from "../../sync/health-checks/list-checks.ts";
import { listen } from "../../sync/net/listen.ts";
import { listUnhealthyAddresses } from "../../sync/publish/publish-health.ts";
import { createConcurrencyLimit } from "../../sync/runtime/concurrency-limit.ts";

const SETTINGS: HealthCheckSettings = {
  path: "/healthz",
  intervalS: 10,
  timeoutS: 5,
  healthyThreshold: 2,
  unhealthyThreshold: 3,
  statuses: [
    [200, 299],
    [401, 401],
  ],
};
const ADDRESSES = ["a", "b"].map((name) => ({ address: `203.0.113.${name}`, record: `edgress-${name}` }));

function buildHost(host: string, checks: Readonly<Record<string, HealthCheckSettings | undefined>>): HostRules {
  const path = { type: "prefix" as const, path: "/" };
  return {
    host,
    policies: {},
    routes: Object.entries(checks).map(([id, check]) => ({
      ...{ id: `${id}#0.0`, path, backend: "shop/cart:80" },
      policies: check ? { upstream: { check } } : {},
    })),
    backends: { "shop/cart:80": { scheme: "http", port: 80, addresses: ADDRESSES } },
  };
}

test("Only addresses and ports of published backends with several addresses are checked", () => {
  const host = buildHost("a.example.com", { "shop/a": SETTINGS, "shop/b": undefined });
  const single = {
    ...host,
    backends: { "shop/cart:80": { scheme: "http" as const, port: 80, addresses: ADDRESSES.slice(1) } },
  };
  assert.deepEqual(
    listHealthChecks([host]).map(({ backend, ingress, scheme, address, port }) => ({
      backend,
      ingress,
      scheme,
      address,
      port,
    })),
    ADDRESSES.map(({ address }) => ({ backend: "shop/cart:80", ingress: "shop/a", scheme: "http", address, port: 80 })),
  );
  assert.deepEqual(listHealthChecks([single, buildHost("b.example.com", { "shop/a": undefined })]), []);
});

test("Of different checks of one backend, that of the first route applies, in any order of hosts", () => {
  const hosts = [
    buildHost("a.example.com", { "shop/z": { ...SETTINGS, path: "/z" } }),
    buildHost("b.example.com", { "shop/y": { ...SETTINGS, path: "/y" }, "shop/x": { ...SETTINGS, path: "/x" } }),
  ];
  for (const order of [hosts, hosts.toReversed()]) {
    assert.deepEqual(new Set(listHealthChecks(order).map(({ settings }) => settings.path)), new Set(["/x"]));
  }
});

test("An address changes its state after as many results in sequence as the threshold", () => {
  const results = ["-", "-", "+", "-", "-", "-", "+", "-", "+", "+"];
  const states: string[] = [];
  let state = createCheckState(true);
  for (const [index, sign] of results.entries()) {
    const result = sign === "+" ? { ok: true as const } : { ok: false as const, problem: `failure ${index}` };
    state = addResult(state, result, SETTINGS, index);
    states.push(state.isHealthy ? "healthy" : "unhealthy");
  }
  const [healthy, unhealthy] = ["healthy", "unhealthy"];
  assert.deepEqual(states, [...Array(5).fill(healthy), ...Array(4).fill(unhealthy), healthy]);
  assert.equal(state.changedAt, 9);
});

async function check(respond: RequestListener, settings: Partial<HealthCheckSettings> = {}, timeoutMs = 5000) {
  const server = await listen(createServer(respond), 0);
  const address = { address: "127.0.0.1", record: "edgress-a" };
  const healthCheck = {
    ...address,
    ...{ backend: "shop/cart:80", ingress: "shop/a", scheme: "http" as const, port: 80 },
    settings: { ...SETTINGS, ...settings },
  };
  const target = { host: "127.0.0.1", port: server.port };
  const result = await checkAddress(healthCheck, target, timeoutMs, new AbortController().signal);
  await server.close();
  const refused = await checkAddress(healthCheck, target, timeoutMs, new AbortController().signal);
  return { result: result.ok ? "passed" : result.problem, refused: refused.ok ? "passed" : refused.problem };
}

test("A check passes by its statuses, follows no redirect, and fails without a response in time", async () => {
  const respond =
    (status: number): RequestListener =>
    (_, response) =>
      void response.writeHead(status, { Location: "/" }).end();
  assert.equal((await check(respond(204))).result, "passed");
  assert.equal((await check(respond(401))).result, "passed");
  assert.equal((await check(respond(302))).result, "status 302");
  assert.equal((await check(respond(503))).result, "status 503");
  assert.equal((await check(() => {}, {}, 50)).result, "no response within 0.05 s");
  assert.match((await check(respond(200))).refused, /ECONNREFUSED/);
});

test("A check sends its path and Host, which is the address by default", async () => {
  const lines: string[] = [];
  const respond: RequestListener = ({ method, url, headers }, response) => {
    lines.push(`${method} ${url} ${headers.host}`);
    response.end();
  };
  await check(respond);
  await check(respond, { path: "/ready?full=1", host: "shop.example.com:8080" });
  assert.deepEqual(lines, ["GET /healthz 127.0.0.1", "GET /ready?full=1 shop.example.com:8080"]);
});

test("createConcurrencyLimit runs up to its number of pieces at once, and all in the end", async () => {
  const limit = createConcurrencyLimit(3);
  let [active, most, done] = [0, 0, 0];
  const work = async () => {
    most = Math.max(most, ++active);
    await sleep(1);
    active--;
    done++;
  };
  await Promise.all(Array.from({ length: 20 }, () => limit(work)));
  assert.deepEqual([most, done], [3, 20]);
});

test("A backend without a healthy address is not published, and up to 1,000 backends are", () => {
  const build = (backend: string, ...states: readonly boolean[]) =>
    states.map((isHealthy, index) => ({ backend, record: `edgress-${index}`, isHealthy }));
  const addresses = [...build("b", false, true, false), ...build("a", false, false), ...build("c", true, true)];
  assert.deepEqual(groupUnhealthy(addresses), { b: ["edgress-0", "edgress-2"] });
  assert.equal(groupUnhealthy(build("a", false, false)), undefined);
  const many = Array.from({ length: 1500 }, (_, index) => build(`shop/${index}:80`, true, false)).flat();
  assert.equal(Object.keys(groupUnhealthy(many) ?? {}).length, 1000);
});

test("Unhealthy addresses are listed by backend and address, each once", () => {
  const hosts = [buildHost("a.example.com", {}), buildHost("b.example.com", {})];
  assert.deepEqual(listUnhealthyAddresses({ "shop/cart:80": ["edgress-b"] }, hosts), ["shop/cart:80 203.0.113.b"]);
  assert.deepEqual(listUnhealthyAddresses(undefined, hosts), []);
});
