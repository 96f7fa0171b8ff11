import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

let edge: WorkerHarness;
let shop: OriginServer;
let side: OriginServer; // the authentication service and the mirror

before(async () => {
  edge = await startWorkerHarness();
  const regex = { "use-regex": "true" };
  await edge.publish(
    buildManifests(
      {
        group: { path: "/files(.*)", annotations: { ...regex, "auth-url": "http://side.default.svc/check/$1" } },
        header: { annotations: { "auth-url": "http://side.default.svc/check/$http_x_path" } },
        uri: { annotations: { "auth-url": "http://side.default.svc/check$request_uri" } },
        query: { annotations: { "auth-url": "http://side.default.svc/check?path=$request_uri" } },
        copied: { path: "/files(.*)", annotations: { ...regex, "mirror-target": "http://side.default.svc/copy/$1" } },
      },
      { shop: ["203.0.113.10"], side: ["203.0.113.11"] },
    ),
  );
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  side = await startOriginServer("203.0.113.11:80", edge.stack);
});

after(async () => {
  await edge.close();
  await Promise.all([shop, side].map(({ close }) => close()));
});

/** Returns the client's status, and the paths that the authentication service received. */
async function send(host: string, path: string, headers: Record<string, string> = {}) {
  side.requests.length = 0;
  shop.requests.length = 0;
  const { status } = await sendRequest(edge, `http://${host}.example.com${path}`, { headers });
  return { status, sidePaths: side.requests.map((request) => request.path) };
}

const DENIED = { status: 500, sidePaths: [] };

test("A group cannot lead the authentication request out of the path of auth-url", async () => {
  for (const path of ["/files../allow", "/files%2e%2e/allow", "/files..", "/files..%3Fx", "/files./x"]) {
    assert.deepEqual(await send("group", path), DENIED, path);
    assert.equal(shop.requests.length, 0);
  }
  assert.deepEqual(await send("group", "/files..x/y"), { status: 200, sidePaths: ["/check/..x/y"] });
  assert.deepEqual(await send("group", "/files..%23"), { status: 200, sidePaths: ["/check/..%23"] });
});

test("A header cannot lead the authentication request out of the path of auth-url", async () => {
  for (const value of ["../allow", "%2e%2E/allow", "x/..?y", "."]) {
    assert.deepEqual(await send("header", "/", { "X-Path": value }), DENIED, value);
  }
  for (const [value, path] of [
    [".\t./allow", "/check/.%09./allow"],
    ["..#", "/check/..%23"],
    ["..\\allow", "/check/..%5Callow"],
  ] as const) {
    assert.deepEqual(await send("header", "/", { "X-Path": value }), { status: 200, sidePaths: [path] }, value);
  }
});

test("The path of a request cannot lead the authentication request out of the path of auth-url", async () => {
  for (const path of ["/a/../b", "/a/%2e%2e/b", "/a/./b", "/a/.."]) {
    assert.deepEqual(await send("uri", path), DENIED, path);
  }
  assert.deepEqual(await send("uri", "/a?b=/../c"), { status: 200, sidePaths: ["/check/a?b=/../c"] });
  assert.deepEqual(await send("query", "/a/../b"), { status: 200, sidePaths: ["/check?path=/a/../b"] });
});

test("A group cannot lead a mirrored request out of the path of mirror-target", async () => {
  assert.equal((await send("copied", "/files../delete")).status, 200);
  assert.equal((await send("copied", "/files%2e%2e")).status, 200);
  await sendRequest(edge, "http://copied.example.com/files-last");
  await waitFor(() => side.requests.length > 0);
  assert.deepEqual(
    side.requests.map(({ path }) => path),
    ["/copy/-last"],
  );
});
