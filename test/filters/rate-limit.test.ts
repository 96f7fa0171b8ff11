import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { buildManifests } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { type ReceivedResponse, sendRequest, startRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let origin: OriginServer;
let clientCount = 0;

before(async () => {
  edge = await startWorkerHarness();
  const strict = { "limit-rpm": "1", "limit-burst-multiplier": "0", "limit-allowlist": "198.51.100.0/24" };
  await edge.publish(
    buildManifests(
      {
        second: { annotations: { "limit-rps": "2", "limit-burst-multiplier": "2" } },
        minute: { annotations: { "limit-rpm": "6" } },
        strict: { annotations: strict },
        both: { annotations: { "limit-rps": "100", "limit-rpm": "1", "limit-burst-multiplier": "1" } },
        concurrent: { annotations: { "limit-connections": "2" } },
        timed: { annotations: { "limit-connections": "2", "proxy-read-timeout": "60" } },
      },
      { shop: ["203.0.113.10"] },
    ),
  );
  origin = await startOriginServer("203.0.113.10:80", edge.stack);
});

after(async () => {
  await edge.close();
  await origin.close();
});

/** Returns an address that no test has used. */
function nextClient(): string {
  return `192.0.2.${++clientCount}`;
}

function sendAsClient(host: string, client: string, path = "/"): Promise<ReceivedResponse> {
  return sendRequest(edge, `http://${host}.example.com${path}`, { headers: { "CF-Connecting-IP": client } });
}

async function collectStatuses(host: string, client: string, times: number): Promise<number[]> {
  const responses = await Promise.all(Array.from({ length: times }, () => sendAsClient(host, client)));
  return responses.map(({ status }) => status).toSorted();
}

describe("limit-rps and limit-rpm", { timeout: 60_000 }, () => {
  test("limit-rps accepts one request and the burst at once, and then one request in each interval", async () => {
    const client = nextClient();
    const startedAt = Date.now();
    assert.deepEqual(await collectStatuses("second", client, 9), [200, 200, 200, 200, 200, 503, 503, 503, 503]);
    while ((await sendAsClient("second", client)).status !== 200) await pause(20);
    assert.ok(Date.now() - startedAt >= 490, "half a second must pass first");
    assert.equal((await sendAsClient("second", client)).status, 503);
  });

  test("A flood of requests cannot exceed limit-rps, and none of them is unlimited", async () => {
    const client = nextClient();
    const startedAt = Date.now();
    const statuses: number[] = [];
    while (Date.now() - startedAt < 1500 || statuses.length < 120)
      statuses.push(...(await collectStatuses("second", client, 40)));
    const seconds = Math.ceil((Date.now() - startedAt) / 1000);
    const passed = statuses.filter((status) => status === 200).length;
    assert.ok(passed >= 5 && passed <= 5 + 2 * seconds, `${passed} of ${statuses.length} passed`);
    assert.ok(!edge.accessLines().some((line) => line.clientIp === client && line.rateLimitSkipped));
  });

  test("limit-burst-multiplier is 5 by default", async () => {
    const statuses = await collectStatuses("minute", nextClient(), 40);
    assert.equal(statuses.filter((status) => status === 200).length, 31);
  });

  test("limit-rpm is separate for each client and each Ingress, and the same for all paths", async () => {
    const client = nextClient();
    assert.equal((await sendAsClient("strict", client, "/a")).status, 200);
    assert.equal((await sendAsClient("strict", client, "/b")).status, 503);
    assert.equal((await sendAsClient("strict", nextClient(), "/b")).status, 200);
    assert.equal((await sendAsClient("second", client)).status, 200);
  });

  test("A client cannot use another address of its IPv6 /64 to exceed limit-rpm", async () => {
    assert.equal((await sendAsClient("strict", "2001:db8:7:1::1")).status, 200);
    assert.equal((await sendAsClient("strict", "2001:db8:7:1:ffff:ffff:ffff:ffff")).status, 503);
    assert.equal((await sendAsClient("strict", "2001:0db8:0007:0001::2")).status, 503);
    assert.equal((await sendAsClient("strict", "2001:db8:7:2::1")).status, 200);
  });

  test("limit-rps does not include the requests that limit-rpm rejects", async () => {
    assert.deepEqual(await collectStatuses("both", nextClient(), 5), [200, 200, 503, 503, 503]);
  });

  test("limit-allowlist exempts its addresses from the limits", async () => {
    assert.deepEqual(await collectStatuses("strict", "198.51.100.7", 5), [200, 200, 200, 200, 200]);
  });

  test("The access line of a rejected request names the limit, and the origin does not receive the request", async () => {
    const client = nextClient();
    const requestCount = origin.requests.length;
    await collectStatuses("strict", client, 2);
    const findLines = () => edge.lines.filter((line) => line.includes(`"${client}"`));
    await waitFor(() => findLines().length === 2);
    const outcomes = findLines().map((line) => JSON.parse(line));
    assert.deepEqual(outcomes.map(({ outcome, reason }) => [outcome, reason]).toSorted(), [
      ["rate-limited", "limit-rpm"],
      ["routed", undefined],
    ]);
    assert.equal(origin.requests.length, requestCount + 1);
  });
});

// With proxy-read-timeout, another filter sends the body.
for (const host of ["concurrent", "timed"]) {
  describe(`limit-connections on ${host}`, { timeout: 60_000 }, () => {
    test(`limit-connections on ${host} includes a request until its response ends`, async () => {
      const client = nextClient();
      const [first, second] = [await openRequest(host, client), await openRequest(host, client)];
      assert.equal((await sendAsClient(host, client)).status, 503);
      assert.equal((await sendAsClient(host, nextClient(), "/quick")).status, 200);
      first.end();
      await waitUntilAccepted(host, client);
      second.end();
      assert.equal(await first.body, "begun, ended");
    });

    test(`limit-connections on ${host} does not include a client that disconnected`, async () => {
      const client = nextClient();
      const [first, second] = [await openRequest(host, client), await openRequest(host, client)];
      assert.equal((await sendAsClient(host, client)).status, 503);
      first.response.destroy();
      await waitUntilAccepted(host, client);
      second.end();
    });

    test(`limit-connections on ${host} does not include a request after a response without a body, or after a failure`, async () => {
      const client = nextClient();
      origin.respond = (response, { path }) => {
        if (path === "/empty") response.writeHead(204).end();
        else if (path === "/broken") response.destroy();
        else response.end("quick");
      };
      for (const path of ["/empty", "/empty", "/empty", "/quick", "/quick", "/quick", "/broken", "/broken", "/broken"])
        while ((await sendAsClient(host, client, path)).status === 503) await pause(5);
    });
  });
}

/** Sends a request whose response begins, and ends with a call of `end`. */
async function openRequest(host: string, client: string) {
  const { promise, resolve } = Promise.withResolvers<() => void>();
  origin.respond = (response, { path }) => {
    if (path === "/quick") return void response.end("quick");
    response.write("begun, ");
    resolve(() => void response.end("ended"));
  };
  const response = await startRequest(edge, `http://${host}.example.com/`, {
    headers: { "CF-Connecting-IP": client },
  });
  const body = new Promise<string>((resolve) => {
    let received = "";
    response.setEncoding("utf8").on("data", (part) => (received += part));
    response.on("end", () => resolve(received)).on("error", () => resolve("broken"));
  });
  return { response, end: await promise, body };
}

async function waitUntilAccepted(host: string, client: string): Promise<void> {
  origin.respond = (response) => void response.end("quick");
  while ((await sendAsClient(host, client)).status !== 200) await pause(5);
}
