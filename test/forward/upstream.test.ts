import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { after, before, beforeEach, describe, test } from "node:test";
import { pickByRendezvous } from "../../src/filters/upstream.ts";
import { shouldRetry } from "../../src/forward/retry.ts";
import { type EchoHarness, startEchoHarness } from "../support/fixture-worker.ts";
import {
  buildCluster,
  type OriginServer,
  sendToHost,
  startBrokenOrigin,
  startOriginServer,
  startRequestToHost,
  waitUntilTrue,
} from "../support/origins.ts";

const FIRST_ADDRESS = "203.0.113.10";
const SECOND_ADDRESS = "203.0.113.20";
const THIRD_ADDRESS = "203.0.113.30";

const cleanups: (() => Promise<unknown>)[] = [];
let edge: EchoHarness;
const origins: Record<string, OriginServer> = {};
const getOrigin = (address: string) => origins[address] as OriginServer;

before(async () => {
  edge = await startEchoHarness(["example.com"]);
  cleanups.push(edge.close);
  await edge.publish(
    buildCluster(
      {
        two: {},
        off: { service: "half", with: { "proxy-next-upstream": "off" } },
        busy: { with: { "proxy-next-upstream": "http_503" } },
        any: { with: { "proxy-next-upstream": "error timeout http_503 non_idempotent" } },
        once: { service: "three", with: { "proxy-next-upstream": "http_503", "proxy-next-upstream-tries": "1" } },
        twice: { service: "three", with: { "proxy-next-upstream": "http_503", "proxy-next-upstream-tries": "2" } },
        every: { service: "three", with: { "proxy-next-upstream": "http_503", "proxy-next-upstream-tries": "0" } },
        budget: {
          service: "three",
          with: { "proxy-read-timeout": "1", "proxy-connect-timeout": "1", "proxy-next-upstream-timeout": "1" },
        },
        quick: { service: "one", with: { "proxy-read-timeout": "1", "proxy-connect-timeout": "1" } },
        stalled: { service: "deaf", with: { "proxy-send-timeout": "1" } },
        hashed: { service: "three", with: { "upstream-hash-by": "$arg_user" } },
        half: { service: "half" },
        broken: { service: "broken" },
        dead: { service: "dead" },
        secure: { service: "secure", port: 443, with: { "backend-protocol": "HTTPS" } },
      },
      {
        one: [FIRST_ADDRESS],
        shop: [FIRST_ADDRESS, SECOND_ADDRESS],
        three: [FIRST_ADDRESS, SECOND_ADDRESS, THIRD_ADDRESS],
        half: ["203.0.113.40", SECOND_ADDRESS],
        broken: ["203.0.113.50", SECOND_ADDRESS],
        dead: ["203.0.113.40"],
        deaf: ["203.0.113.60"],
        secure: [FIRST_ADDRESS],
      },
    ),
  );
  for (const address of [FIRST_ADDRESS, SECOND_ADDRESS, THIRD_ADDRESS])
    origins[address] = await startOriginServer(`${address}:80`, edge.stack);
  origins.secure = await startOriginServer(`${FIRST_ADDRESS}:443`, edge.stack, true);
  cleanups.push(...Object.values(origins).map((origin) => origin.close));
  for (const [address, how] of [
    ["40", "refuse"],
    ["50", "hang-up"],
    ["60", "no-read"],
  ] as const) {
    cleanups.push((await startBrokenOrigin(`203.0.113.${address}:80`, edge.stack, how)).close);
  }
});

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

beforeEach(() => {
  for (const [address, origin] of Object.entries(origins)) {
    origin.requests.length = 0;
    origin.onRequestStart = () => {};
    origin.respond = (response) => void response.end(address);
  }
});

/** How many requests came to each of the three addresses, most first. */
function countRequests(): number[] {
  return [FIRST_ADDRESS, SECOND_ADDRESS, THIRD_ADDRESS]
    .map((address) => getOrigin(address).requests.length)
    .toSorted((a, b) => b - a);
}

function respondWithStatus(status: number): void {
  for (const address of [FIRST_ADDRESS, SECOND_ADDRESS, THIRD_ADDRESS]) {
    getOrigin(address).respond = (response) => void response.writeHead(status).end(address);
  }
}

describe("another address", { timeout: 30_000 }, () => {
  test("is asked where nobody listens at the first, whatever the method", async () => {
    for (const method of ["GET", "POST", "PATCH", "PUT"]) {
      for (let count = 0; count < 4; count++) {
        const body = method === "GET" ? {} : { body: "x".repeat(64 * 1024) };
        const answered = await sendToHost(edge.stack, "half.example.com", "/", { method, ...body });
        assert.deepEqual([answered.status, answered.body], [200, SECOND_ADDRESS], method);
      }
    }
    assert.ok(
      getOrigin(SECOND_ADDRESS).requests.every(
        ({ method, body }) => body.length === (method === "GET" ? 0 : 64 * 1024),
      ),
    );
  });

  test("is asked where the first hangs up, but not with what it may have taken already", async () => {
    const statuses = async (method: string) => {
      const answers = [];
      for (let count = 0; count < 4; count++)
        answers.push(await sendToHost(edge.stack, "broken.example.com", "/", { method }));
      return [...new Set(answers.map(({ status }) => status))].toSorted();
    };
    assert.deepEqual(await statuses("GET"), [200]);
    assert.deepEqual(await statuses("POST"), [200, 502]);
  });

  test("is not asked with a body that is too long to be kept, or of unknown length", async () => {
    const statusesOf = async (sent: object) => {
      const found = new Set<number>();
      for (let count = 0; count < 4; count++) {
        found.add((await sendToHost(edge.stack, "half.example.com", "/", { method: "PUT", ...sent })).status);
      }
      return [...found].toSorted();
    };
    assert.deepEqual(await statusesOf({ body: "x".repeat(64 * 1024 + 1) }), [200, 502]);
    assert.deepEqual(await statusesOf({ body: "x", chunked: true }), [200, 502]);
  });

  test("is asked for the statuses that are named, and no others", async () => {
    respondWithStatus(503);
    assert.equal((await sendToHost(edge.stack, "busy.example.com", "/")).status, 503);
    assert.deepEqual(countRequests(), [1, 1, 0]);
    clearRequests();
    respondWithStatus(500);
    assert.equal((await sendToHost(edge.stack, "busy.example.com", "/")).status, 500);
    assert.deepEqual(countRequests(), [1, 0, 0]);
  });

  test("is asked with POST only where non_idempotent says so", async () => {
    respondWithStatus(503);
    await sendToHost(edge.stack, "busy.example.com", "/", { method: "POST", body: "order" });
    assert.deepEqual(countRequests(), [1, 0, 0]);
    clearRequests();
    respondWithStatus(503);
    await sendToHost(edge.stack, "any.example.com", "/", { method: "POST", body: "order" });
    assert.deepEqual(countRequests(), [1, 1, 0]);
    assert.ok(
      [FIRST_ADDRESS, SECOND_ADDRESS].every((address) => getOrigin(address).requests[0]?.body.toString() === "order"),
    );
  });

  test("is not asked for a status unless an annotation says so, nor after the answer has begun", async () => {
    respondWithStatus(502);
    await sendToHost(edge.stack, "two.example.com", "/");
    assert.deepEqual(countRequests(), [1, 0, 0]);
    clearRequests();
    for (const address of [FIRST_ADDRESS, SECOND_ADDRESS]) {
      getOrigin(address).respond = (response) => {
        response.writeHead(200, { "Content-Length": 100 }).write("beg");
        setImmediate(() => response.destroy());
      };
    }
    await assert.rejects(sendToHost(edge.stack, "any.example.com", "/"));
    assert.deepEqual(countRequests(), [1, 0, 0]);
  });

  test("is asked as often as proxy-next-upstream-tries says", async () => {
    for (const [host, asked] of [
      ["once", [1, 0, 0]],
      ["twice", [1, 1, 0]],
      ["every", [1, 1, 1]],
    ] as const) {
      respondWithStatus(503);
      assert.equal((await sendToHost(edge.stack, `${host}.example.com`, "/")).status, 503);
      assert.deepEqual(countRequests(), asked, host);
      clearRequests();
    }
  });

  test("is not asked where proxy-next-upstream is off", async () => {
    const statuses = new Set<number>();
    for (let count = 0; count < 4; count++) statuses.add((await sendToHost(edge.stack, "off.example.com", "/")).status);
    assert.deepEqual([...statuses].toSorted(), [200, 502]);
  });

  test("is not asked after proxy-next-upstream-timeout", async () => {
    for (const address of [FIRST_ADDRESS, SECOND_ADDRESS, THIRD_ADDRESS]) getOrigin(address).respond = () => {};
    assert.equal((await sendToHost(edge.stack, "budget.example.com", "/")).status, 504);
    assert.deepEqual(countRequests(), [1, 0, 0]);
  });

  test("is not there: then the answer is 502", async () => {
    assert.equal((await sendToHost(edge.stack, "dead.example.com", "/")).status, 502);
  });

  test("is worth it by condition and method", () => {
    const retry = (...on: Parameters<typeof shouldRetry>[2]["on"]) => ({ on, tries: 3, withinMs: 0 });
    assert.equal(shouldRetry("timeout", "GET", retry("timeout")), true);
    assert.equal(shouldRetry("timeout", "GET", retry("error")), false);
    assert.equal(shouldRetry("unsent", "POST", retry("error")), true);
    assert.equal(shouldRetry("unsent", "POST", retry("timeout")), false);
    assert.equal(shouldRetry("error", "LOCK", retry("error")), false);
    assert.equal(shouldRetry("http_404", "DELETE", retry("http_404")), true);
    assert.equal(shouldRetry(undefined, "GET", retry("error", "timeout")), false);
  });
});

describe("an origin that takes its time", { timeout: 30_000 }, () => {
  test("is given up with 504 where its answer does not begin", async () => {
    getOrigin(FIRST_ADDRESS).respond = () => {};
    const started = Date.now();
    assert.equal((await sendToHost(edge.stack, "quick.example.com", "/")).status, 504);
    assert.ok(Date.now() - started >= 900); // what it may take to connect is not known apart
  });

  test("is not late because the client sends slowly", async () => {
    const { port } = edge.stack.http;
    const headers = { Host: "quick.example.com", "Content-Length": 2 };
    const slow = request({ host: "127.0.0.1", port, method: "POST", headers, agent: false });
    slow.write("a");
    setTimeout(() => slow.end("b"), 2500); // longer than the origin's time
    const [response] = (await once(slow, "response")) as [IncomingMessage];
    assert.equal(response.statusCode, 200);
    assert.equal(getOrigin(FIRST_ADDRESS).requests[0]?.body.toString(), "ab");
  });

  test("breaks the answer off where it pauses too long between two parts, and not before", async () => {
    getOrigin(FIRST_ADDRESS).respond = (response) => {
      response.writeHead(200, { "Content-Length": 9 }).write("one");
      setTimeout(() => response.write("two"), 700);
    };
    const response = await startRequestToHost(edge.stack, "quick.example.com", "/");
    let got = "";
    await assert.rejects(async () => {
      for await (const part of response) got += part;
    });
    assert.equal(got, "onetwo");
    assert.equal(response.headers["content-length"], "9");
  });

  test("is given up with 504 where it does not take the request", async () => {
    const body = Buffer.alloc(30_000_000);
    assert.equal((await sendToHost(edge.stack, "stalled.example.com", "/", { method: "PUT", body })).status, 504);
  });
});

test("the same value goes to the same address, and values are spread", async () => {
  const asked = async (user: string) => (await sendToHost(edge.stack, "hashed.example.com", `/?user=${user}`)).body;
  const users = Array.from({ length: 30 }, (_, index) => `u${index}`);
  const found = new Map<string, string>();
  for (const user of users) found.set(user, await asked(user));
  for (const user of users) assert.equal(await asked(user), found.get(user));
  assert.equal(new Set(found.values()).size, 3);
});

test("an address that goes takes only its own values along", () => {
  const addresses = ["a", "b", "c", "d"].map((record) => ({ address: record, record: `edgress-${record}` }));
  const values = Array.from({ length: 4000 }, (_, index) => `/path/${index}`);
  const by = (some: typeof addresses) =>
    new Map(values.map((value) => [value, pickByRendezvous(some, value)?.address]));
  const [all, fewer] = [by(addresses), by(addresses.slice(1))];
  for (const { address } of addresses) {
    const share = values.filter((value) => all.get(value) === address).length / values.length;
    assert.ok(share > 0.2 && share < 0.3, `${address} has ${share}`);
  }
  for (const value of values) if (all.get(value) !== "a") assert.equal(fewer.get(value), all.get(value));
});

test("an origin that speaks https is asked with https, by the client's host", async () => {
  const { status, body } = await sendToHost(edge.stack, "secure.example.com", "/");
  assert.deepEqual([status, body], [200, "secure"]);
  assert.equal(origins.secure?.requests[0]?.headers.host, "secure.example.com");
});

test("the length of a body reaches the origin", async () => {
  for (const length of [1, 70_000]) {
    await sendToHost(edge.stack, "two.example.com", "/", { method: "POST", body: "x".repeat(length) });
    await waitUntilTrue(() => countRequests()[0] === 1);
    const seen = [FIRST_ADDRESS, SECOND_ADDRESS].flatMap((address) => getOrigin(address).requests);
    assert.equal(seen[0]?.headers["content-length"], String(length));
    clearRequests();
  }
});

function clearRequests(): void {
  for (const origin of Object.values(origins)) origin.requests.length = 0;
}
