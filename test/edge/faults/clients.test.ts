import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, before, describe, test } from "node:test";
import { type ListeningServer, listen } from "../../../sync/net/listen.ts";
import { buildManifests } from "../../support/manifests.ts";
import { waitFor } from "../../support/wait-for.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

/** Hosts by their annotations. Each has another part that reads or forwards the request. */
const HOSTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  sized: { "proxy-body-size": "1m" },
  timed: { "proxy-read-timeout": "30", "proxy-send-timeout": "30" },
  limited: { "limit-connections": "2" }, // one more than the test needs, because a slot is released after the line
  authorized: { "auth-url": "http://auth.default.svc.cluster.local/check" },
};

const HEAD = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nbegun";

let edge: WorkerHarness;
let origin: ListeningServer;
/** Connections of the origin so far, and the bytes that it received. */
const connections: { socket: Socket; received: string }[] = [];

before(async () => {
  edge = await startWorkerHarness();
  origin = await listen(
    createServer((socket) => {
      const connection = { socket, received: "" };
      connections.push(connection);
      socket
        .on("error", () => {})
        .on("data", (part) => {
          connection.received += part;
          if (connection.received.includes("GET /download") && connection.received.endsWith("\r\n\r\n"))
            socket.write(HEAD);
        });
    }),
    0,
  );
  edge.stack.forward("203.0.113.1:80", `127.0.0.1:${origin.port}`);
  edge.stack.forward("203.0.113.2:80", `127.0.0.1:${origin.port}`);
  const ingresses = Object.entries(HOSTS).map(([name, annotations]) => [name, { annotations }] as const);
  await edge.publish(buildManifests(Object.fromEntries(ingresses), { shop: ["203.0.113.1"], auth: ["203.0.113.2"] }));
});

after(async () => {
  await edge.close();
  await origin.close();
});

/** Sends bytes of a request, disconnects when the origin has received the last 4, and returns the access line. */
async function disconnect(host: string, bytes: string, last: string, isReset: boolean) {
  const id = `${host}-${edge.lines.length}`;
  const from = connections.length;
  const client = connect(Number(edge.stack.http.port), "127.0.0.1").on("error", () => {});
  client.write(bytes.replace("\r\n", `\r\nHost: ${host}.example.com\r\nX-Request-ID: ${id}\r\n`));
  const { socket } = await waitFor(() => connections.slice(from).find(({ received }) => received.endsWith(last)));
  if (last === "\r\n\r\n" && bytes.startsWith("GET /download"))
    await new Promise((resolve) => client.once("data", resolve));
  if (isReset) client.resetAndDestroy();
  else client.destroy();
  await waitFor(() => socket.destroyed);
  const { status, outcome, reason } = await edge.waitForAccessLine(id);
  return [status, outcome, reason];
}

const STAGES = [
  ["while it waits for the response", "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n"],
  ["after it has sent its body", "POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nbody", "body"],
  ["within its body", "POST / HTTP/1.1\r\nContent-Length: 400\r\n\r\nhalf", "half"],
  ["within a large body", `PUT / HTTP/1.1\r\nContent-Length: 400000\r\n\r\n${"x".repeat(100_000)}half`, "half"],
] as const;

describe("clients that disconnect", { timeout: 120_000 }, () => {
  for (const host of ["plain", "sized", "timed", "limited"]) {
    for (const [stage, bytes, last] of STAGES) {
      test(`A client that disconnects ${stage} at the host "${host}" ends the origin's request, and is logged`, async () => {
        for (const isReset of [false, true])
          assert.deepEqual(await disconnect(host, bytes, last, isReset), [502, "client-closed", undefined]);
      });
    }

    test(`A client that disconnects within the response of the host "${host}" ends the origin's request`, async () => {
      for (const isReset of [false, true]) {
        const line = await disconnect(host, "GET /download HTTP/1.1\r\n\r\n", "\r\n\r\n", isReset);
        assert.deepEqual(line, [200, "routed", undefined]); // the line is written when the response begins
      }
    });
  }

  test("A client that disconnects within a body in chunks ends the origin's request, and is logged", async () => {
    const bytes = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n";
    for (const host of ["plain", "sized"])
      assert.deepEqual(await disconnect(host, bytes, "half\r\n", true), [502, "client-closed", undefined]);
  });

  test("A client that disconnects while the authentication service decides ends its request, and nothing is forwarded", async () => {
    const from = connections.length;
    const line = await disconnect("authorized", "GET / HTTP/1.1\r\n\r\n", "\r\n\r\n", true);
    assert.deepEqual(line, [502, "client-closed", undefined]);
    assert.equal(connections.length, from + 1);
    assert.match(connections[from]?.received ?? "", /^GET \/check HTTP/);
  });

  test("A client that disconnects before the end of its headers causes no request", async () => {
    const client = connect(Number(edge.stack.http.port), "127.0.0.1").on("error", () => {});
    const from = connections.length;
    client.write("GET / HTTP/1.1\r\nHost: plain.example.com\r\nX-Request-ID: headers\r\n");
    client.destroy();
    assert.deepEqual(await disconnect("plain", STAGES[0][1], STAGES[0][2], true), [502, "client-closed", undefined]);
    assert.equal(connections.length, from + 1);
    assert.equal(
      edge.accessLines().some(({ requestId }) => requestId === "headers"),
      false,
    );
  });
});
