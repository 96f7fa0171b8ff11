import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import {
  type OriginRequest,
  type OriginServer,
  startBrokenOrigin,
  startOriginServer,
} from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const FIRST_ADDRESS = "203.0.113.10";
const SECOND_ADDRESS = "203.0.113.20";
const THIRD_ADDRESS = "203.0.113.30";

const STATUSES_OF_CLOUDFLARE = { "proxy-next-upstream": "error timeout http_52x" };

let edge: WorkerHarness;
let origins: readonly OriginServer[];
let hangUp: Awaited<ReturnType<typeof startBrokenOrigin>>;

before(async () => {
  edge = await startWorkerHarness();
  await edge.publish(
    buildManifests(
      {
        two: {},
        off: { service: "half-off", annotations: { "proxy-next-upstream": "off http_52x" } },
        busy: { annotations: { "proxy-next-upstream": "http_503" } },
        any: { annotations: { "proxy-next-upstream": "error timeout http_503 non_idempotent" } },
        once: tries("1"),
        twice: tries("2"),
        every: tries("0"),
        budget: {
          service: "three",
          annotations: { "proxy-read-timeout": "1", "proxy-connect-timeout": "1", "proxy-next-upstream-timeout": "1" },
        },
        half: { service: "half", annotations: STATUSES_OF_CLOUDFLARE },
        "half-post": { service: "half-post", annotations: STATUSES_OF_CLOUDFLARE },
        long: { service: "half-long", annotations: STATUSES_OF_CLOUDFLARE },
        chunked: { service: "half-chunked", annotations: STATUSES_OF_CLOUDFLARE },
        dead: { service: "dead" },
      },
      {
        shop: [FIRST_ADDRESS, SECOND_ADDRESS],
        three: [FIRST_ADDRESS, SECOND_ADDRESS, THIRD_ADDRESS],
        // An address of each: one that has failed is ejected.
        half: ["203.0.113.40", SECOND_ADDRESS],
        "half-off": ["203.0.113.41", SECOND_ADDRESS],
        "half-post": ["203.0.113.42", SECOND_ADDRESS],
        "half-long": ["203.0.113.43", SECOND_ADDRESS],
        "half-chunked": ["203.0.113.44", SECOND_ADDRESS],
        dead: ["203.0.113.40"],
      },
    ),
  );
  const addresses = [FIRST_ADDRESS, SECOND_ADDRESS, THIRD_ADDRESS];
  origins = await Promise.all(addresses.map((address) => startOriginServer(`${address}:80`, edge.stack)));
  for (const number of [40, 41, 43, 44]) await startBrokenOrigin(`203.0.113.${number}:80`, edge.stack, "refuse");
  hangUp = await startBrokenOrigin("203.0.113.42:80", edge.stack, "hang-up");
});

after(async () => {
  await edge.close();
  await Promise.all([...origins, hangUp].map(({ close }) => close()));
});

beforeEach(() => {
  respondWithStatus(200);
  clearRequests();
});

function tries(count: string) {
  return { service: "three", annotations: { "proxy-next-upstream": "http_503", "proxy-next-upstream-tries": count } };
}

function send(host: string, options: RequestOptions = {}) {
  return sendRequest(edge, `http://${host}.example.com/`, options);
}

/** Returns the different statuses of four requests, sorted. */
async function collectStatuses(host: string, options: RequestOptions = {}): Promise<number[]> {
  const statuses = new Set<number>();
  for (let count = 0; count < 4; count++) statuses.add((await send(host, options)).status);
  return [...statuses].toSorted();
}

/** Returns the number of requests to each of the three addresses, most first. */
function countRequests(): number[] {
  const countSent = ({ requests }: OriginServer) => requests.filter(({ headers }) => !isProbe(headers)).length;
  return origins.map(countSent).toSorted((a, b) => b - a);
}

function isProbe(headers: OriginRequest["headers"]): boolean {
  return headers["user-agent"] === "edgress-probe";
}

function clearRequests(): void {
  for (const { requests } of origins) requests.length = 0;
}

function respondWithStatus(status: number): void {
  for (const origin of origins) origin.respond = (response) => void response.writeHead(status).end("origin");
}

describe("proxy-next-upstream", { timeout: 60_000 }, () => {
  test("With http_52x, the next address receives an idempotent request if the first refuses the connection", async () => {
    const body = "x".repeat(64 * 1024);
    assert.deepEqual(await collectStatuses("half", { method: "PUT", body }), [200]);
    const requests = origins[1]?.requests ?? [];
    assert.equal(requests.length, 4);
    assert.ok(requests.every((request) => request.body.length === 64 * 1024));
  });

  test("The next address does not receive a POST after a hang-up, because the first may have processed it", async () => {
    assert.deepEqual(await collectStatuses("half-post", { method: "POST" }), [200, 502]);
  });

  test("The next address does not receive a body above 64 KiB or of unknown length", async () => {
    const tooLong = { method: "PUT", body: "x".repeat(64 * 1024 + 1) };
    assert.deepEqual(await collectStatuses("long", tooLong), [200, 502]);
    const chunked = { method: "PUT", body: "x", headers: { "Transfer-Encoding": "chunked" } };
    assert.deepEqual(await collectStatuses("chunked", chunked), [200, 502]);
  });

  test("The next address receives the request after a listed status, and after no other", async () => {
    respondWithStatus(503);
    assert.equal((await send("busy")).status, 503);
    assert.deepEqual(countRequests(), [1, 1, 0]);
    clearRequests();
    respondWithStatus(500);
    assert.equal((await send("busy")).status, 500);
    assert.deepEqual(countRequests(), [1, 0, 0]);
  });

  test("The next address receives a POST only with non_idempotent", async () => {
    respondWithStatus(503);
    await send("busy", { method: "POST", body: "order" });
    assert.deepEqual(countRequests(), [1, 0, 0]);
    clearRequests();
    await send("any", { method: "POST", body: "order" });
    assert.deepEqual(countRequests(), [1, 1, 0]);
    assert.ok(origins.slice(0, 2).every(({ requests }) => requests[0]?.body.toString() === "order"));
  });

  test("The next address receives no request after an unlisted status or a response that has begun", async () => {
    respondWithStatus(502);
    await send("two");
    assert.deepEqual(countRequests(), [1, 0, 0]);
    clearRequests();
    for (const origin of origins.slice(0, 2)) {
      origin.respond = (response) => {
        response.writeHead(200, { "Content-Length": 100 }).write("beg");
        setImmediate(() => response.destroy());
      };
    }
    await assert.rejects(send("any"));
    assert.deepEqual(countRequests(), [1, 0, 0]);
  });

  test("proxy-next-upstream-tries limits the number of addresses that receive the request", async () => {
    respondWithStatus(503);
    for (const [host, counts] of [
      ["once", [1, 0, 0]],
      ["twice", [1, 1, 0]],
      ["every", [1, 1, 1]],
    ] as const) {
      assert.equal((await send(host)).status, 503);
      assert.deepEqual(countRequests(), counts, host);
      clearRequests();
    }
  });

  test("proxy-next-upstream: off disables the retry", async () => {
    assert.deepEqual(await collectStatuses("off"), [200, 502]);
  });

  test("The next address receives no request after proxy-next-upstream-timeout", async () => {
    for (const origin of origins) origin.respond = () => {};
    assert.equal((await send("budget")).status, 504);
    assert.deepEqual(countRequests(), [1, 0, 0]);
  });

  test("A Service whose only address refuses the connection is a 502", async () => {
    assert.equal((await send("dead")).status, 502);
  });

  test("By default, no status that an origin can write makes another address receive the request", async () => {
    for (const status of [500, 502, 503, 504, ...Array.from({ length: 11 }, (_, index) => 520 + index)]) {
      clearRequests();
      respondWithStatus(status);
      await send("two", { method: "GET" });
      assert.deepEqual(countRequests(), [1, 0, 0], String(status));
    }
  });
});
