import assert from "node:assert/strict";
import { createServer, type RequestListener, type ServerResponse } from "node:http";
import { test } from "node:test";
import { createKubernetesClient } from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { listAll } from "../../sync/kubernetes/list.ts";
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

test("A list with ever new pages ends with an error after 1,000,000 objects", async () => {
  let pages = 0;
  const items = Array.from({ length: 500 }, (_, index) => ({ metadata: { name: `a-${index}` } }));
  const get = async () => ({ kind: "ServiceList", metadata: { ...metadata, continue: String(++pages) }, items });
  await assert.rejects(listAll({ get }, target), {
    message: "list does not end: /api/v1/services has more than 1000000 objects",
  });
  assert.equal(pages, 2001);
});

/** Starts a server, and returns a client and a function that stops the server. */
async function startServer(onRequest: RequestListener) {
  const { port, close } = await listen(createServer(onRequest), 0);
  const connections = new Connections();
  connections.loadFromOptions({
    clusters: [{ name: "a", server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    contexts: [{ name: "a", cluster: "a", user: "a" }],
    users: [{ name: "a" }],
    currentContext: "a",
  });
  return { api: createKubernetesClient(connections, 30_000, { durationSeconds: 60, idleTimeoutMs: 60_000 }), close };
}

/** Sends `start`, and then more bytes until the client closes the connection. */
function sendEndlessBody(response: ServerResponse, start: string): void {
  const part = Buffer.alloc(1024 * 1024, "x");
  response.write(start);
  const send = () => {
    while (!response.destroyed) if (!response.write(part)) return void response.once("drain", send);
  };
  send();
}

test("A watch event that does not end fails after 32 MiB, and takes no more memory", { timeout: 60_000 }, async () => {
  const { api, close } = await startServer((_, response) => sendEndlessBody(response, '{"type":"ADDED","object":"'));
  try {
    await assert.rejects(api.watch(target.path, {}, new AbortController().signal).next(), {
      message: "Kubernetes API: watch of /api/v1/services: an event is larger than 33554432 bytes",
    });
  } finally {
    await close();
  }
});

test("A response that does not end fails after 32 MiB, and takes no more memory", { timeout: 60_000 }, async () => {
  const { api, close } = await startServer((_, response) => sendEndlessBody(response, '{"kind":"Service","a":"'));
  try {
    await assert.rejects(api.get("/api/v1/namespaces/a/services/b"), {
      message: "Kubernetes API: GET /api/v1/namespaces/a/services/b: the response is larger than 33554432 bytes",
    });
  } finally {
    await close();
  }
});

test("An error response that does not end is the error of its status", { timeout: 60_000 }, async () => {
  const { api, close } = await startServer((_, response) => {
    response.writeHead(503);
    sendEndlessBody(response, '{"kind":"Status","message":"');
  });
  try {
    await assert.rejects(api.get("/api"), { status: 503, message: "the API server responded with status 503" });
  } finally {
    await close();
  }
});

test("A list that does not end is requested in smaller pages, and then fails", { timeout: 60_000 }, async () => {
  const limits: (string | null)[] = [];
  const { api, close } = await startServer(({ url = "" }, response) => {
    limits.push(new URL(url, "http://a").searchParams.get("limit"));
    sendEndlessBody(response, '{"kind":"ServiceList","items":["');
  });
  try {
    await assert.rejects(listAll(api, target), {
      message:
        "list is too large: /api/v1/services has a page of 1 object above the limit of a response. Check that the server of the kubeconfig is a Kubernetes API server",
    });
    assert.deepEqual(limits, ["500", "50", "5", "1"]);
  } finally {
    await close();
  }
});

test("A list of large objects is read in smaller pages", { timeout: 60_000 }, async () => {
  const limits: number[] = [];
  const value = "x".repeat(1024 * 1024);
  const { api, close } = await startServer(({ url = "" }, response) => {
    const { searchParams } = new URL(url, "http://a");
    const [limit, start] = [Number(searchParams.get("limit")), Number(searchParams.get("continue") ?? 0)];
    limits.push(limit);
    const end = Math.min(start + limit, 40);
    const items = Array.from({ length: end - start }, (_, index) => ({
      metadata: { name: `a-${start + index}` },
      value,
    }));
    const continuation = end < 40 ? { continue: String(end) } : {};
    response.end(JSON.stringify({ kind: "ServiceList", metadata: { ...metadata, ...continuation }, items }));
  });
  try {
    const { objects } = await listAll(api, target);
    assert.deepEqual(
      objects,
      Array.from({ length: 40 }, (_, index) => `a-${index}`),
    );
    assert.deepEqual(limits, [500, 50, 5, 5, 5, 5, 5, 5, 5, 5]);
  } finally {
    await close();
  }
});
