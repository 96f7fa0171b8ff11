import assert from "node:assert/strict";
import { once } from "node:events";
import { request as requestHttps } from "node:https";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { WebSocket } from "ws";
import { type EchoServer, startEchoServers } from "../../sync/local/echo/echo.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness } from "../support/worker/worker-harness.ts";

let echo: EchoServer;

before(async () => {
  [echo] = (await startEchoServers(["default/shop:443"])) as [EchoServer];
});

after(() => echo.close());

test("An echo origin answers over HTTP and TLS on its port", async () => {
  const overHttp = await fetch(`http://${echo.address}/a`);
  assert.equal(((await overHttp.json()) as { backend: string }).backend, "default/shop:443");
  const request = requestHttps(`https://${echo.address}/b`, { rejectUnauthorized: false }).end();
  const [response] = await once(request, "response");
  assert.equal((JSON.parse(await text(response)) as { path: string }).path, "/b");
});

test("An echo origin answers a WebSocket over TLS", async () => {
  const socket = new WebSocket(`wss://${echo.address}/`, { rejectUnauthorized: false });
  await once(socket, "open");
  socket.send("hello");
  const [message] = (await once(socket, "message")) as [Buffer];
  assert.equal(message.toString(), "hello");
  socket.terminate();
});

test("An echo origin survives a broken TLS handshake, and a connection without a byte", async () => {
  const [host = "", port] = echo.address.split(":");
  const broken = connect(Number(port), host);
  broken.on("error", () => undefined).write("\x16\x03\x01garbage garbage garbage");
  await once(broken.resume(), "close");
  const silent = connect(Number(port), host);
  await once(silent, "connect");
  silent.resetAndDestroy();
  assert.equal((await fetch(`http://${echo.address}/`)).status, 200);
});

test("A route with backend-protocol HTTPS reaches its echo origin", async (context) => {
  const edge = await startWorkerHarness({ echoOrigins: true });
  context.after(edge.close);
  const backend = { service: { name: "secure", port: { number: 443 } } };
  await edge.publish([
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: { name: "secure", annotations: { "nginx.ingress.kubernetes.io/backend-protocol": "HTTPS" } },
      spec: {
        rules: [{ host: "secure.example.com", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }],
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "secure" },
      spec: { externalIPs: ["203.0.113.10"], ports: [{ port: 443 }] },
    },
  ]);
  const { status, body } = await sendRequest(edge, "http://secure.example.com/x");
  assert.equal(status, 200);
  assert.equal((JSON.parse(body) as { backend: string }).backend, "default/secure:443");
});
