import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { type RequestOptions, sendRequest, startRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startBrokenOrigin, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const CLIENT_HEADERS = { Cookie: "a=1", Authorization: "Basic eDp5", "X-Own": "kept" };

let edge: WorkerHarness;
let shop: OriginServer;
let shadow: OriginServer;
let stranger: OriginServer;
let unresponsive: Awaited<ReturnType<typeof startBrokenOrigin>>;

before(async () => {
  edge = await startWorkerHarness({ zones: ["example.com", "example.net"] });
  const shadowUrl = "http://shadow.default.svc.cluster.local";
  const { listZones } = edge.account.dns;
  // Only the local network knows the names of example.net, because a mirror cannot be outside of the network.
  Object.assign(edge.account.dns, {
    listZones: async () => (await listZones()).filter(({ name }) => name !== "example.net"),
  });
  await edge.publish(
    buildManifests(
      {
        small: limit("10", "false"),
        large: limit("200k", "false"),
        first: limit("10", "true"),
        copied: mirror({ "mirror-target": `${shadowUrl}$request_uri` }),
        bodyless: mirror({ "mirror-target": `${shadowUrl}/copy`, "mirror-request-body": "off" }),
        named: mirror({ "mirror-target": `${shadowUrl}/copy`, "mirror-host": "shadow.example.com" }),
        foreign: mirror({ "mirror-target": "http://mirror.example.net/copy" }),
        deaf: mirror({ "mirror-target": "http://deaf.default.svc/" }),
        looped: mirror({ "mirror-target": "http://$host$request_uri" }),
      },
      { shop: ["203.0.113.10"], shadow: ["203.0.113.12"], deaf: ["203.0.113.60"] },
    ),
  );
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  shadow = await startOriginServer("203.0.113.12:80", edge.stack);
  stranger = await startOriginServer("203.0.113.70:80", edge.stack);
  unresponsive = await startBrokenOrigin("203.0.113.60:80", edge.stack, "no-read");
  Object.assign(edge.account.dns, { listZones });
  await addPublicName("mirror.example.net", "203.0.113.70");
});

after(async () => {
  await edge.close();
  await Promise.all([shop, shadow, stranger, unresponsive].map(({ close }) => close()));
});

beforeEach(() => {
  for (const origin of [shop, shadow, stranger]) {
    origin.requests.length = 0;
    origin.respond = (response) => void response.end("origin");
  }
});

function limit(size: string, redirect: string) {
  return { annotations: { "proxy-body-size": size, "force-ssl-redirect": redirect } };
}

function mirror(annotations: Readonly<Record<string, string>>) {
  return { annotations };
}

/** Adds a public name that no Ingress has. */
async function addPublicName(name: string, content: string): Promise<void> {
  const zone = (await edge.account.dns.listZones()).find((candidate) => name.endsWith(`.${candidate.name}`));
  assert.ok(zone);
  await edge.account.dns.applyChange(zone, { add: [{ type: "A", name, content }], remove: [] });
}

function send(host: string, options: RequestOptions, path = "/") {
  return sendRequest(edge, `http://${host}.example.com${path}`, options);
}

/** Sends a request, and returns its copy. */
async function sendAndFindCopy(host: string, options: RequestOptions = {}) {
  const { status, body } = await send(host, options, "/a?b=c");
  assert.deepEqual([status, body], [200, "origin"]);
  assert.equal(shop.requests.length, 1);
  await waitFor(() => shadow.requests.length === 1);
  return shadow.requests[0];
}

describe("proxy-body-size", { timeout: 60_000 }, () => {
  test("proxy-body-size rejects a body by its Content-Length before any other response", async () => {
    const tooLarge = await send("first", { method: "POST", body: "x".repeat(11) });
    assert.deepEqual([tooLarge.status, tooLarge.headers.location], [413, undefined]);
    assert.equal((await send("first", { method: "POST", body: "x" })).status, 308);
    assert.equal((await send("first", { method: "POST", body: "x".repeat(3_000_000) })).status, 413);
    assert.equal(shop.requests.length, 0);
  });

  test("proxy-body-size accepts a body of exactly the maximum size", async () => {
    for (const headers of [{ "Transfer-Encoding": "chunked" }, {}]) {
      const options = { method: "PUT", headers };
      assert.equal((await send("small", { ...options, body: "x".repeat(10) })).status, 200);
      assert.equal((await send("small", { ...options, body: "x".repeat(11) })).status, 413);
    }
    assert.deepEqual(
      shop.requests.map(({ body }) => body.length),
      [10, 10],
    );
  });

  test("The origin never receives the whole of a chunked body above proxy-body-size", async () => {
    const options = { method: "PUT", headers: { "Transfer-Encoding": "chunked" } };
    assert.equal((await send("large", { ...options, body: "x".repeat(200 * 1024) })).status, 200);
    assert.equal((await send("large", { ...options, body: "x".repeat(200 * 1024 + 1) })).status, 413);
    assert.deepEqual(
      shop.requests.map(({ body }) => body.length),
      [200 * 1024],
    );
  });
});

describe("mirror-target", { timeout: 60_000 }, () => {
  test("The copy of a request has its method, path, body, cookies and authorization", async () => {
    const copy = await sendAndFindCopy("copied", { method: "POST", body: "payload", headers: CLIENT_HEADERS });
    assert.deepEqual([copy?.method, copy?.path, copy?.body.toString()], ["POST", "/a?b=c", "payload"]);
    assert.equal(copy?.headers["content-length"], "7");
    const { cookie, authorization, "x-own": own } = copy?.headers ?? {};
    assert.deepEqual([cookie, authorization, own], ["a=1", "Basic eDp5", "kept"]);
    assert.equal(shop.requests[0]?.body.toString(), "payload");
    assert.equal(shop.requests[0]?.headers["content-length"], "7");
  });

  test("The copy of a request has the whole of a body of unknown length", async () => {
    const body = Buffer.alloc(700_000, "abc");
    const copy = await sendAndFindCopy("copied", {
      method: "PUT",
      body,
      headers: { "Transfer-Encoding": "chunked" },
    });
    assert.ok(copy?.body.equals(body));
    assert.ok(shop.requests[0]?.body.equals(body));
  });

  test("The copy of a request has no body with mirror-request-body: off", async () => {
    const copy = await sendAndFindCopy("bodyless", { method: "POST", body: "payload" });
    assert.deepEqual([copy?.method, copy?.path, copy?.body.length], ["POST", "/copy", 0]);
  });

  test("The copy of a request has the Host of mirror-host, in the same zone", async () => {
    assert.equal((await sendAndFindCopy("named"))?.headers.host, "shadow.example.com");
    assert.equal(shop.requests[0]?.headers.host, "named.example.com");
  });

  test("A mirror that fails or does not respond does not change the client's response", async () => {
    shadow.respond = (response) => void response.writeHead(500).end("x".repeat(100_000));
    await sendAndFindCopy("copied");
    for (const origin of [shop, shadow]) origin.requests.length = 0;
    shadow.respond = () => {};
    await sendAndFindCopy("copied");
  });

  test("The edge aborts a copy that is too slow, and forwards the request", async () => {
    const body = Buffer.alloc(20_000_000, "abc");
    const options = { method: "PUT", headers: { "Content-Length": String(body.length) } };
    const response = await startRequest(edge, "http://deaf.example.com/", options, async (request) => {
      request.write(body.subarray(0, 1000));
      await waitFor(() => unresponsive.sockets.length === 1); // otherwise the copy could be aborted before it begins
      request.end(body.subarray(1000));
    });
    assert.equal(response.statusCode, 200);
    assert.ok(shop.requests[0]?.body.equals(body));
    let received = 0;
    const socket = unresponsive.sockets[0];
    socket?.on("data", (part) => (received += part.length)).resume();
    await waitFor(() => socket?.closed === true); // not the event, because the socket may be closed already
    assert.ok(received < body.length, `the mirror received ${received} bytes`);
  });

  test("A mirror outside of the account receives no cookies and no authorization", async () => {
    assert.equal((await send("foreign", { method: "POST", body: "payload", headers: CLIENT_HEADERS })).status, 200);
    await waitFor(() => stranger.requests.length === 1);
    const [copy] = stranger.requests;
    const { host, cookie, authorization, "x-own": own } = copy?.headers ?? {};
    assert.deepEqual([copy?.path, copy?.body.toString(), host], ["/copy", "payload", "mirror.example.net"]);
    assert.deepEqual([cookie, authorization, own], [undefined, undefined, "kept"]);
  });

  test("A mirror-target of the same route ends after two copies", async () => {
    assert.equal((await send("looped", {})).status, 200);
    await waitFor(() => shop.requests.length === 3); // the request, its copy, and the copy's copy
  });
});
