import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, beforeEach, describe, test } from "node:test";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { buildManifests } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const FRAMING = {
  "Content-Length": "3",
  "Transfer-Encoding": "chunked",
  Connection: "X-Real-IP, X-User",
  Host: "evil.example.com",
  Upgrade: "websocket",
  Expect: "100-continue",
};
const NAMES = Object.keys(FRAMING).map((name) => name.toLowerCase());

let edge: WorkerHarness;
let shop: ListeningServer;
let gate: ListeningServer;
let bytes: { shop: string; gate: string };

before(async () => {
  edge = await startWorkerHarness();
  const headers = Object.entries({ ...FRAMING, "X-User": "ann" }).map(([name, value]) => `${name}: ${value}\r\n`);
  // The length is that of an empty body, because the proxy of the local edge verifies it.
  const framing = headers.filter((header) => !/^(content-length|transfer-encoding|connection|upgrade)/i.test(header));
  shop = await startRawOrigin("203.0.113.10:80", "shop", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  gate = await startRawOrigin(
    "203.0.113.11:80",
    "gate",
    `HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${framing.join("")}\r\n`,
  );
  const gateUrl = "http://gate.default.svc.cluster.local/verify";
  await edge.publish([
    ...buildManifests(
      {
        response: {
          annotations: { "auth-url": gateUrl, "auth-response-headers": [...Object.keys(FRAMING), "X-User"].join(", ") },
        },
        request: { annotations: { "auth-url": gateUrl, "auth-proxy-set-headers": "default/framing" } },
        posted: {
          annotations: { "auth-url": gateUrl, "auth-proxy-set-headers": "default/framing", "auth-method": "POST" },
        },
      },
      { shop: ["203.0.113.10"], gate: ["203.0.113.11"] },
    ),
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "framing" }, data: { ...FRAMING, "X-Tenant": "shop" } },
  ]);
});

after(async () => {
  await edge.close();
  await Promise.all([shop.close(), gate.close()]);
});

beforeEach(() => {
  bytes = { shop: "", gate: "" };
});

/** Starts an origin that collects every byte of its connections, and answers each head with `response`. */
async function startRawOrigin(address: string, name: "shop" | "gate", response: string): Promise<ListeningServer> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.setEncoding("latin1").on("data", (part) => {
      bytes[name] += part;
      if (String(part).includes("\r\n\r\n")) socket.write(response);
    });
  });
  const listener = await listen(server, 0);
  edge.stack.forward(address, `127.0.0.1:${listener.port}`);
  return listener;
}

/** Returns the request line, the headers that concern framing, and the body. There must be one request only. */
function parseRequest(text: string) {
  assert.equal(text.match(/ HTTP\/1\.1\r\n/g)?.length, 1, text);
  const end = text.indexOf("\r\n\r\n");
  const [line = "", ...headers] = text.slice(0, end).split("\r\n");
  const pairs = headers.map((header) => [header.split(":")[0]?.toLowerCase() ?? "", header.replace(/^[^:]*:\s*/, "")]);
  return {
    line,
    framing: Object.fromEntries(pairs.filter(([name = ""]) => NAMES.includes(name) && name !== "connection")),
    connection: pairs.find(([name]) => name === "connection")?.[1],
    headers: Object.fromEntries(pairs) as Record<string, string>,
    body: text.slice(end + 4),
  };
}

describe("The headers of an authentication service", { timeout: 60_000 }, () => {
  test("auth-response-headers cannot change the length, encoding, host or connection of a request", async () => {
    const body = "GET /smuggled HTTP/1.0\r\n\r\n";
    await sendRequest(edge, "http://response.example.com/", { method: "POST", body });
    const request = parseRequest(bytes.shop);
    assert.equal(request.line, "POST / HTTP/1.1");
    const expected = { "content-length": String(body.length), host: "response.example.com" };
    assert.deepEqual([request.framing, request.body], [expected, body]);
    assert.deepEqual([request.headers["x-user"], request.headers["x-real-ip"]], ["ann", "127.0.0.1"]);
    assert.doesNotMatch(request.connection ?? "", /X-/);
  });

  for (const [host, method, length] of [
    ["request", "GET", {}],
    ["posted", "POST", { "content-length": "0" }],
  ] as const) {
    test(`auth-proxy-set-headers cannot change the framing of the ${method} to an authentication service`, async () => {
      const { status } = await sendRequest(edge, `http://${host}.example.com/`, { method: "POST", body: "abc" });
      assert.equal(status, 200);
      const request = parseRequest(bytes.gate);
      assert.equal(request.line, `${method} /verify HTTP/1.1`);
      assert.deepEqual([request.framing, request.body], [{ ...length, host: `${host}.example.com` }, ""]);
      assert.deepEqual([request.headers["x-tenant"], request.headers["x-real-ip"]], ["shop", "127.0.0.1"]);
    });
  }
});
