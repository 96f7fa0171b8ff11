import assert from "node:assert/strict";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { pickByRendezvous } from "../../src/forward/pick-address.ts";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const SHOP_URL = "http://shop.example.com";

let edge: WorkerHarness;
let respond: (request: IncomingMessage, response: ServerResponse) => void;

before(async () => {
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.10:80", (request, response) => respond(request, response));
  await edge.startOrigin("203.0.113.9:80", (request, response) => respond(request, response));
  for (const name of ["first", "second", "third"]) {
    const address = { first: "203.0.113.21:80", second: "203.0.113.22:80", third: "203.0.113.23:80" }[name] ?? "";
    await edge.startOrigin(address, (_, response) => response.end(name));
  }
  await edge.publish(
    buildManifests(
      {
        shop: {},
        busy: {
          service: "twice",
          annotations: {
            "proxy-read-timeout": "60",
            "proxy-send-timeout": "60",
            "limit-connections": "5",
            "mirror-target": "http://three",
            "auth-url": "http://three/auth",
            "proxy-body-size": "10",
            "custom-http-errors": "503",
            "default-backend": "three",
          },
        },
        three: { service: "three" },
        hashed: { service: "three", annotations: { "upstream-hash-by": "$arg_user" } },
      },
      {
        shop: ["203.0.113.10"],
        twice: ["203.0.113.10", "203.0.113.9"],
        three: ["203.0.113.21", "203.0.113.22", "203.0.113.23"],
      },
    ),
  );
});

after(() => edge.close());

async function fetchBody(url: string): Promise<string> {
  return (await sendRequest(edge, url)).body;
}

test("The origin receives every method, custom ones included", async () => {
  respond = (request, response) => response.end(request.method);
  for (const method of ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"]) {
    const { status, body } = await sendRequest(edge, `${SHOP_URL}/`, { method });
    assert.equal(`${status} ${body}`, `200 ${method}`);
  }
});

test("The origin receives the path and the query byte for byte", async () => {
  respond = (request, response) => response.end(request.url);
  const targets = [
    "/",
    "/a//b///c/",
    "/%7Efoo%2Fbar%2e%2E;v=1,2",
    "/caf%C3%A9/%FF?q=%20+&empty=&&x",
    "/a?b?c=/../d//e",
    "/?",
    "/x|y'!$&()*+,;=:@~[z]",
    "/a?[b]={c}|d^\\",
  ];
  for (const target of targets) assert.equal(await fetchBody(SHOP_URL + target), target);
  const escaped = await fetchBody(`${SHOP_URL}/{}^"?"`);
  assert.equal(escaped, "/%7B%7D%5E%22?%22"); // no URL has these characters, and a fetch needs a URL
});

test("The origin receives a path with dots as the path that was matched, in every spelling of the dots", async () => {
  respond = (request, response) => response.end(request.url);
  assert.equal(await fetchBody(`${SHOP_URL}/a/./b/../c?d`), "/a/c?d");
  assert.equal(await fetchBody(`${SHOP_URL}/a/%2E%2e/b`), "/b");
  assert.equal(await fetchBody(`${SHOP_URL}/admin//../b`), "/b");
  assert.equal(await fetchBody(`${SHOP_URL}/admin//%2e%2e/b%20c/.`), "/b%20c/");
  assert.equal(await fetchBody(`${SHOP_URL}/admin\\..\\b`), "/admin%5C..%5Cb");
  assert.equal(await fetchBody(`${SHOP_URL}/a/..;/b/.hidden/...`), "/a/..;/b/.hidden/...");
});

test("The origin receives the body of a GET, as with nginx", async () => {
  respond = async (request, response) => response.end(`${request.method} ${await text(request)}`);
  const { status, body } = await sendRequest(edge, `${SHOP_URL}/_search`, {
    method: "GET",
    headers: { "Content-Length": "9" },
    body: '{"q":"a"}',
  });
  assert.equal(`${status} ${body}`, '200 GET {"q":"a"}');
});

test("A GET or HEAD whose body comes in chunks is 411, and one whose chunks are empty passes", async () => {
  const requests: string[] = [];
  respond = async (request, response) => {
    requests.push(`${request.method} ${request.headers["transfer-encoding"] ?? "-"} ${await text(request)}`);
    response.end();
  };
  for (const host of ["shop", "busy"]) {
    for (const method of ["GET", "HEAD"]) {
      const id = `chunked-${host}-${method}`;
      const headers = { "Transfer-Encoding": "chunked", "X-Request-ID": id };
      const send = (body: string) => sendRequest(edge, `http://${host}.example.com/`, { method, headers, body });
      assert.equal((await send("hello")).status, 411, id);
      const { outcome, reason } = await edge.waitForAccessLine(id);
      assert.deepEqual([outcome, reason], ["bad-request", `a ${method} with a body of unknown length`]);
      assert.equal((await send("")).status, 200, id);
    }
  }
  assert.deepEqual(requests, ["GET - ", "HEAD - ", "GET - ", "HEAD - "]);
});

test("A body of known length keeps its length, one of unknown length stays chunked, and no body stays no body", async () => {
  respond = async (request, response) => {
    const { "content-length": length = "-", "transfer-encoding": coding = "-" } = request.headers;
    response.end(`${length} ${coding} ${await text(request)}`);
  };
  const post = async (headers: Record<string, string>, body?: string) =>
    (await sendRequest(edge, `${SHOP_URL}/`, { method: "POST", headers, ...(body !== undefined && { body }) })).body;
  assert.equal(await post({ "Content-Length": "5" }, "hello"), "5 - hello");
  assert.equal(await post({ "Transfer-Encoding": "chunked" }, "hello"), "- chunked hello");
  assert.equal(await post({ "Content-Length": "0" }), "0 - ");
});

test("The origin receives the length of a body, short or long", async () => {
  respond = async (request, response) => {
    await text(request);
    response.end(request.headers["content-length"]);
  };
  for (const length of [1, 70_000]) {
    const { body } = await sendRequest(edge, `${SHOP_URL}/`, { method: "POST", body: "x".repeat(length) });
    assert.equal(body, String(length));
  }
});

test("The addresses of a Service receive requests in turn", async () => {
  const bodies: string[] = [];
  for (let count = 0; count < 6; count++) bodies.push(await fetchBody("http://three.example.com/"));
  assert.deepEqual(bodies.slice(0, 3).toSorted(), ["first", "second", "third"]);
  assert.deepEqual(bodies.slice(3), bodies.slice(0, 3));
});

test("upstream-hash-by sends the same value to the same address, and spreads the values", async () => {
  const fetchAs = (user: string) => fetchBody(`http://hashed.example.com/?user=${user}`);
  const users = Array.from({ length: 30 }, (_, index) => `u${index}`);
  const addresses = new Map<string, string>();
  for (const user of users) addresses.set(user, await fetchAs(user));
  for (const user of users) assert.equal(await fetchAs(user), addresses.get(user));
  assert.equal(new Set(addresses.values()).size, 3);
});

test("pickByRendezvous moves only the values of a removed address", () => {
  const addresses = ["a", "b", "c", "d"].map((record) => ({ address: record, record: `edgress-${record}` }));
  const values = Array.from({ length: 4000 }, (_, index) => `/path/${index}`);
  const pickAll = (candidates: typeof addresses) =>
    new Map(values.map((value) => [value, candidates[pickByRendezvous(candidates, value, () => true)]?.address]));
  const [before, afterwards] = [pickAll(addresses), pickAll(addresses.slice(1))];
  for (const { address } of addresses) {
    const share = values.filter((value) => before.get(value) === address).length / values.length;
    assert.ok(share > 0.2 && share < 0.3, `${address} has ${share}`);
  }
  for (const value of values) {
    if (before.get(value) !== "a") assert.equal(afterwards.get(value), before.get(value));
  }
});
