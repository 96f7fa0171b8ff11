import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { type ListeningEdge, sendRaw } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const VISITOR = "198.51.100.7";

let edge: WorkerHarness;
let worker: ListeningEdge; // without the local listeners, which drop headers of the connection themselves
let shop: OriginServer;
let gate: OriginServer;

before(async () => {
  edge = await startWorkerHarness();
  worker = { stack: { http: edge.stack.worker, https: edge.stack.worker } };
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  gate = await startOriginServer("203.0.113.11:80", edge.stack);
  gate.respond = (response) => void response.writeHead(200, { "X-User": "ann" }).end();
  const external = {
    "auth-url": "http://gate.default.svc.cluster.local/verify",
    "auth-response-headers": "X-User, X-Groups",
  };
  await edge.publish([
    ...buildManifests(
      {
        guarded: { annotations: external },
        password: { annotations: { "auth-type": "basic", "auth-secret": "staff" } },
        prefix: {
          path: "/app(/.*)",
          annotations: { "rewrite-target": "$1", "use-regex": "true", "x-forwarded-prefix": "/app" },
        },
      },
      { shop: ["203.0.113.10"], gate: ["203.0.113.11"] },
    ),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "staff" }, stringData: { auth: "ann:{PLAIN}s3cret\n" } },
  ]);
});

after(async () => {
  await edge.close();
  await Promise.all([shop.close(), gate.close()]);
});

beforeEach(() => {
  for (const origin of [shop, gate]) origin.requests.length = 0;
});

/** Sends a request. Its header Connection follows the others. */
async function send(url: string, headers: readonly (readonly [string, string])[], connection = "close") {
  const host = url.split("/")[2];
  const pairs = [["Host", host], ["CF-Connecting-IP", VISITOR], ...headers, ["Connection", connection]];
  const lines = [`GET ${url} HTTP/1.1`, ...pairs.map(([name, value]) => `${name}: ${value}`), "", ""];
  const response = await sendRaw(worker, lines.join("\r\n"));
  assert.match(response, /^HTTP\/1\.1 200 /);
}

/** Returns the headers of these names that an origin received in its only request. */
function pickHeaders({ requests }: OriginServer, names: readonly string[]) {
  assert.equal(requests.length, 1);
  const { headers } = requests[0] ?? assert.fail();
  return Object.fromEntries(names.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]]])));
}

describe("The headers of a client", { timeout: 60_000 }, () => {
  test("Connection cannot remove the headers that the edge or an authentication service sets", async () => {
    const names = ["X-User", "X-Real-IP", "X-Forwarded-For", "X-Forwarded-Proto", "X-Original-URL", "X-Request-ID"];
    const connection = `close, ${[...names, "Authorization", "Host", "CF-Connecting-IP", "Cookie"].join(", ")}`;
    const url = "http://guarded.example.com/a";
    await send(
      url,
      [
        ["X-Request-ID", "visit-1"],
        ["X-User", "root"],
      ],
      connection,
    );
    const ours = { "x-real-ip": VISITOR, "x-forwarded-for": VISITOR, "x-request-id": "visit-1" };
    const lowerCaseNames = names.map((name) => name.toLowerCase());
    assert.deepEqual(pickHeaders(shop, lowerCaseNames), { ...ours, "x-user": "ann", "x-forwarded-proto": "http" });
    assert.deepEqual(pickHeaders(gate, lowerCaseNames), { ...ours, "x-original-url": url });
  });

  test("Connection cannot remove X-Forwarded-Prefix of a rewrite", async () => {
    await send("http://prefix.example.com/app/x", [], "close, X-Forwarded-Prefix");
    assert.deepEqual(pickHeaders(shop, ["x-forwarded-prefix"]), { "x-forwarded-prefix": "/app" });
  });

  test("Connection cannot send a verified password to an origin", async () => {
    const credentials = `Basic ${btoa("ann:s3cret")}`;
    await send("http://password.example.com/", [["Authorization", credentials]], "close, Authorization");
    assert.deepEqual(pickHeaders(shop, ["authorization"]), {});
  });

  test("No spelling with underscores reaches an origin or an authentication service", async () => {
    const forged = [
      ...["X_User", "x_user", "X-User_", "X_Groups", "X_Real_IP", "X_Real-IP", "X_Forwarded_For", "X-Forwarded_For"],
      ...["X_Forwarded_Proto", "X_Forwarded_Prefix", "X_Original_URL", "X_Request_ID", "SSL_Client_Verify"],
      ...["ssl_client_subject_dn", "ssl-client_verify", "CF_Connecting_IP", "_X-User", "X__User", "Content_Length"],
    ];
    await send(
      "http://guarded.example.com/",
      forged.map((name) => [name, "1"]),
    );
    for (const origin of [shop, gate])
      assert.deepEqual(
        Object.keys(origin.requests[0]?.headers ?? {}).filter((name) => name.includes("_")),
        [],
      );
    assert.deepEqual(pickHeaders(shop, ["x-user", "x-real-ip"]), { "x-user": "ann", "x-real-ip": VISITOR });
  });

  test("No identity of another spelling reaches an origin or an authentication service", async () => {
    const names = ["X-USER", "x-groups", "SSL-Client-Verify", "ssl-client-subject-dn", "ssl-client-cert"];
    const proxyNames = ["X-Forwarded-Prefix", "X-Original-URI", "X-Original-Anything", "X-Real-Ip", "FORWARDED"];
    await send(
      "http://guarded.example.com/",
      [...names, ...proxyNames].map((name) => [name, "/forged"]),
    );
    for (const origin of [shop, gate])
      assert.deepEqual(
        Object.entries(origin.requests[0]?.headers ?? {}).filter(([, value]) => value === "/forged"),
        [],
      );
  });

  test("Expect of a client reaches neither an origin nor an authentication service", async () => {
    await send("http://guarded.example.com/", [["Expect", "100-continue"]]);
    for (const origin of [shop, gate]) assert.deepEqual(pickHeaders(origin, ["expect"]), {});
  });
});
