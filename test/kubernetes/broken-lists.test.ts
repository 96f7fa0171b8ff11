import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { listAll } from "../../sync/kubernetes/list-watch.ts";
import { listen } from "../../sync/net/listen.ts";

const target = {
  path: "/api/v1/services",
  query: {},
  transform: ({ metadata }: { metadata: { name: string } }) => metadata.name,
};
const metadata = { resourceVersion: "9" };
const listOf = (answer: unknown) => listAll({ get: async () => answer }, target);

// As an empty list, each of them would delete all objects.
for (const [name, answer] of [
  ["A Status", { kind: "Status", metadata, status: "Failure", code: 500 }],
  ["A Table", { kind: "Table", metadata, rows: [], items: [] }],
  ["A list without items", { kind: "ServiceList", metadata }],
] as const)
  test(`${name} with a resourceVersion is not an empty list`, async () => {
    await assert.rejects(listOf(answer), { message: "response is not a list of objects: /api/v1/services" });
  });

test("An empty list of a server that is written in Go has null as its items", async () => {
  assert.deepEqual(await listOf({ kind: "ServiceList", metadata, items: null }), { objects: [], resourceVersion: "9" });
});

test("A list that has the same next page again and again ends with an error", async () => {
  const page = {
    kind: "ServiceList",
    metadata: { ...metadata, continue: "next" },
    items: [{ metadata: { name: "a" } }],
  };
  await assert.rejects(listOf(page), { message: "list does not end: /api/v1/services has the same page again" });
});

test("A watch event that does not end fails after 32 MiB, and takes no more memory", { timeout: 60_000 }, async () => {
  const server = createServer((_, response) => {
    const part = Buffer.alloc(1024 * 1024, "x");
    response.write('{"type":"ADDED","object":"');
    const send = () => {
      while (!response.destroyed) if (!response.write(part)) return void response.once("drain", send);
    };
    send();
  });
  const { port, close } = await listen(server, 0);
  const connections = new Connections();
  connections.loadFromOptions({
    clusters: [{ name: "a", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    contexts: [{ name: "a", cluster: "a", user: "a" }],
    users: [{ name: "a" }],
    currentContext: "a",
  });
  const api = createKubernetesClient(connections, 1000, { durationSeconds: 60, idleTimeoutMs: 60_000 });
  try {
    await assert.rejects(api.watch(target.path, {}, new AbortController().signal).next(), {
      message: "Kubernetes API: watch of /api/v1/services: an event is larger than 33554432 bytes",
    });
  } finally {
    await close();
  }
});
