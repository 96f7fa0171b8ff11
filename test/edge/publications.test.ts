import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { startEchoServers } from "../../sync/local/echo/echo.ts";
import { STATUS_HEADERS, waitForGeneration } from "../../sync/local/wait-for-generation.ts";
import { buildIngressManifest, buildServiceManifest } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import {
  buildTwoHosts,
  fetchStatusAndBody,
  putManifest,
  readManifest,
  startTwoHostsEdge,
  TWO_SERVICES,
} from "../support/worker/two-hosts.ts";
import type { WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;

before(async () => {
  edge = await startTwoHostsEdge();
});

after(() => edge.close());

test("No request fails during publications, and every request is served from one generation", async () => {
  // Two hosts swap their backends with each generation: a request that mixed two would reach the wrong backend.
  const first = (await edge.publish(buildTwoHosts("one", "two"))).publishResult.generation;
  const lineCount = edge.accessLines().length;
  let isDone = false;
  const bodies = new Map<string, string>();
  const sendUntilDone = async (client: number) => {
    for (let count = 0; !isDone; count++) {
      const id = `client-${client}-${count}`;
      const host = (count + client) % 2 === 0 ? "a" : "b";
      const headers = { "X-Request-ID": id };
      const { status, body } = await sendRequest(edge, `http://${host}.example.com/`, { headers });
      assert.equal(status, 200);
      bodies.set(id, body);
    }
  };
  const clients = Promise.all([0, 1, 2, 3].map(sendUntilDone));
  for (let count = 1; count <= 12; count++) {
    const objects = count % 2 === 0 ? buildTwoHosts("one", "two") : buildTwoHosts("two", "one");
    assert.equal((await edge.publish(objects)).publishResult.generation, first + count);
  }
  isDone = true;
  await clients;
  await waitFor(() => edge.accessLines().length - lineCount >= bodies.size);
  const lines = edge.accessLines().filter(({ requestId }) => bodies.has(requestId));
  for (const { requestId, host, backend, generation } of lines) {
    const isSwapped = (Number(generation) - first) % 2 === 1;
    const expected = (host === "a.example.com") === isSwapped ? "two" : "one";
    assert.equal(backend, `default/${expected}:80`);
    assert.equal(bodies.get(requestId), expected);
  }
  assert.ok(new Set(lines.map(({ generation }) => generation)).size > 6);
});

test("A WebSocket stays open across a hundred publications", async (context) => {
  const [echo] = await startEchoServers(["default/one:80"]);
  assert.ok(echo);
  context.after(echo.close);
  edge.stack.forward("203.0.113.3:80", echo.address);
  const chat = [
    buildIngressManifest("chat", "chat.example.com", { "/": "chat" }),
    buildServiceManifest("chat", ["203.0.113.3"]),
  ];
  const manifests = [await publishManifest(["one", "two"], chat), await publishManifest(["two", "one"], chat)];
  const lastGeneration = Math.max(...manifests.map(({ generation }) => generation));
  const socket = new WebSocket(`ws://127.0.0.1:${edge.stack.http.port}/`, { headers: { Host: "chat.example.com" } });
  await once(socket, "open");
  for (let count = 1; count <= 100; count++) {
    const generation = lastGeneration + count;
    await putManifest(edge, { ...manifests[count % 2], generation });
    await waitForGeneration(edge.stack.http, generation);
    socket.send(`publication ${count}`);
    assert.equal(String((await once(socket, "message"))[0]), `publication ${count}`);
  }
  socket.close();
  await once(socket, "close");
});

async function publishManifest(services: Parameters<typeof buildTwoHosts>, objects: readonly object[]) {
  await edge.publish([...buildTwoHosts(...services), ...objects]);
  return readManifest(edge);
}

test("An Ingress cannot claim the edge's own endpoints on any host", async () => {
  const paths = { "/.well-known/edgress": "one", "/.well-known/edgress/health": "one" };
  const { publishResult } = await edge.publish([
    buildIngressManifest("greedy", "a.example.com", paths),
    buildIngressManifest("any", undefined, { "/": "one" }),
    ...TWO_SERVICES,
  ]);
  for (const host of ["a.example.com", "other.example.com"]) {
    assert.equal(await fetchStatusAndBody(edge, `http://${host}/.well-known/edgress/health?x`), '200 {"status":"ok"}');
    const { status, headers, body } = await sendRequest(edge, `http://${host}/.well-known/edgress/generation`, {
      headers: STATUS_HEADERS,
    });
    assert.equal((await sendRequest(edge, `http://${host}/.well-known/edgress/generation`)).status, 404);
    assert.equal(status, 200);
    assert.equal(headers["cache-control"], "no-store");
    const { generation, digest, ageSeconds } = JSON.parse(body) as Record<string, unknown>;
    assert.deepEqual([generation, digest], [publishResult.generation, publishResult.digest]);
    assert.ok(Number(ageSeconds) < 10);
    assert.equal(await fetchStatusAndBody(edge, `http://${host}/.well-known/edgress/other`), "404 404 Not Found\n");
    assert.equal(await fetchStatusAndBody(edge, `http://${host}/.well-known/edgress`), "200 one");
  }
});
