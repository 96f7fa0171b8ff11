import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { after, before, test } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { listen } from "../../sync/net/listen.ts";
import { buildManifests } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const UPGRADE_HEADER = /^(upgrade|sec-websocket-.*)$/;

/** Requests that the stand-in server received: upgrades too, which it would accept. */
const standInRequests: IncomingMessage[] = [];
let edge: WorkerHarness;
let closeServers: () => Promise<unknown>;

before(async () => {
  edge = await startWorkerHarness();
  closeServers = await startServers();
  const pages = { "default-backend": "pages" };
  await edge.publish([
    ...buildManifests(
      {
        errors: { service: "refusing", annotations: { ...pages, "custom-http-errors": "403" } },
        unavailable: { service: "missing", annotations: pages },
        class: { service: "missing" },
        mirror: { service: "chat", annotations: { "mirror-target": "http://pages" } },
        "mirror-rules": { service: "chat", annotations: { "mirror-target": "http://open.example.com/" } },
        auth: { service: "chat", annotations: { "auth-url": "http://pages/auth" } },
        "auth-rules": { service: "chat", annotations: { "auth-url": "http://open.example.com/auth" } },
        open: { service: "pages" },
      },
      { refusing: ["203.0.113.10"], pages: ["203.0.113.11"], chat: ["203.0.113.12"] },
    ),
    ...CLASS_WITH_DEFAULT_BACKEND,
  ]);
});

after(async () => {
  await edge.close();
  await closeServers();
});

const CLASS_WITH_DEFAULT_BACKEND = [
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "IngressClass",
    metadata: { name: "edgress" },
    spec: {
      controller: "edgress.dev/ingress-controller",
      parameters: { apiGroup: "", kind: "ConfigMap", name: "defaults", namespace: "default", scope: "Namespace" },
    },
  },
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "defaults" }, data: { "default-backend": "pages" } },
];

/** Starts an origin that refuses upgrades, and two that accept them. */
async function startServers(): Promise<() => Promise<unknown>> {
  const refusing = createServer((_, response) => response.writeHead(403).end());
  const pages = createServer((request, response) => {
    standInRequests.push(request);
    response.end();
  });
  const chat = createServer();
  new WebSocketServer({ server: pages }).on("connection", (_, request) => standInRequests.push(request));
  new WebSocketServer({ server: chat, handleProtocols: () => "chat" });
  const listeners = await Promise.all([refusing, pages, chat].map((server) => listen(server, 0)));
  for (const [index, { port }] of listeners.entries())
    edge.stack.forward(`203.0.113.${10 + index}:80`, `127.0.0.1:${port}`);
  return () => Promise.all(listeners.map(({ close }) => close()));
}

/** Tries to open a WebSocket. Returns the status of the handshake. */
async function openWebSocket(host: string): Promise<number> {
  const url = `ws://127.0.0.1:${edge.stack.http.port}/chat`;
  const socket = new WebSocket(url, ["chat"], { headers: { Host: `${host}.example.com` } });
  socket.on("error", () => undefined);
  const opened = once(socket, "open").then(() => 101);
  const refused = once(socket, "unexpected-response").then(
    ([, response]) => (response as IncomingMessage).statusCode ?? 0,
  );
  const status = await Promise.race([opened, refused]);
  socket.terminate();
  return status;
}

/** The subprotocol may be a token for the authentication service. */
const KEPT_FOR_AUTH = ["sec-websocket-protocol"];

for (const [host, status, standIn, keptHeaders = []] of [
  ["errors", 200, "an error page"],
  ["unavailable", 200, "the default backend of an unavailable Service"],
  ["class", 200, "the default backend of the class"],
  ["mirror", 101, "a mirror"],
  ["mirror-rules", 101, "a mirror that is another host"],
  ["auth", 101, "an authentication service", KEPT_FOR_AUTH],
  ["auth-rules", 101, "an authentication service that is another host", KEPT_FOR_AUTH],
] as const) {
  test(`An upgrade never reaches ${standIn}`, async () => {
    standInRequests.length = 0;
    assert.equal(await openWebSocket(host), status);
    const [request] = await waitFor(() => standInRequests.length > 0 && standInRequests);
    assert.deepEqual(
      Object.keys(request?.headers ?? {}).filter((name) => UPGRADE_HEADER.test(name)),
      keptHeaders,
    );
    assert.equal(request?.headers.connection, "keep-alive");
  });
}

test("An upgrade reaches a backend that is not a stand-in", async () => {
  standInRequests.length = 0;
  assert.equal(await openWebSocket("open"), 101);
  assert.equal(standInRequests[0]?.headers.upgrade, "websocket");
});
