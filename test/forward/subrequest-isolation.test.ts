import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import { generate } from "selfsigned";
import { waitFor } from "../support/wait-for.ts";
import { type RequestOptions, sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { publishTwoTenants } from "../support/worker/two-tenants.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const VISITOR = "198.51.100.7";
const CREDENTIALS = { Cookie: "session=visitor", Authorization: "Bearer visitor" };
let edge: WorkerHarness;
let alice: OriginServer;
let bob: OriginServer;
let gate: OriginServer;
let requestCount = 0;

before(async () => {
  edge = await startWorkerHarness();
  await publishTwoTenants(edge);
  alice = await startOriginServer("203.0.113.20:80", edge.stack);
  bob = await startOriginServer("203.0.113.10:80", edge.stack);
  gate = await startOriginServer("203.0.113.11:80", edge.stack);
  alice.respond = (response) => void response.writeHead(200, { "X-Balance": "1000" }).end();
  gate.respond = (response) =>
    void response
      .writeHead(200, {
        "X-User": "admin",
        "X-Real-IP": "10.0.0.1",
        "X-Forwarded-For": "10.0.0.1",
        "ssl-client-verify": "SUCCESS",
        "X-Request-ID": "forged",
      })
      .end();
});

after(async () => {
  await edge.close();
  await Promise.all([alice, bob, gate].map(({ close }) => close()));
});

beforeEach(() => {
  for (const origin of [alice, bob, gate]) origin.requests.length = 0;
});

/** Sends a request of the visitor, and returns its status and request id. */
async function send(host: string, options: RequestOptions = {}, path = "/", scheme = "http") {
  const id = `visit-${++requestCount}`;
  const headers = { "X-Request-ID": id, "CF-Connecting-IP": VISITOR, ...(options.headers as Record<string, string>) };
  const { status } = await sendRequest(edge, `${scheme}://${host}.example.com${path}`, { ...options, headers });
  return { status, id };
}

describe("A subrequest to a host of another namespace", { timeout: 60_000 }, () => {
  test("A mirror cannot reach another namespace's Service without a grant", async () => {
    for (const name of ["name", "address"]) assert.equal((await send(`${name}.bob`, {}, "/users/42")).status, 200);
    await send("mirror.bob", {}, "/later"); // its copy arrives after those of the others would
    await waitFor(() => alice.requests.length > 0);
    assert.deepEqual(
      alice.requests.map(({ path }) => path),
      ["/later"],
    );
  });

  test("An auth-url cannot reach another namespace's Service without a grant", async () => {
    assert.equal((await send("auth.bob")).status, 503);
    assert.deepEqual([alice.requests.length, bob.requests.length], [0, 0]);
  });

  test("An auth-url cannot use the visitor's client certificate on a host of another namespace", async () => {
    const name = [{ name: "commonName", value: "victim" }];
    const { private: key, cert } = await generate(name, { keyType: "ec", algorithm: "sha256" });
    const certificate = { key, cert };
    assert.equal((await send("a", { certificate }, "/balance", "https")).status, 200);
    assert.equal(alice.requests.length, 1);
    assert.equal((await send("cert.bob", { certificate }, "/", "https")).status, 403);
    assert.deepEqual([alice.requests.length, bob.requests.length], [1, 0]);
  });

  test("An auth-url cannot use the visitor's address on a host of another namespace", async () => {
    for (const name of ["list", "any", "deny"]) {
      assert.equal((await send(`${name}.a`)).status, 200, `the visitor is allowed on ${name}`);
      assert.equal((await send(`${name}.bob`)).status, 403, name);
    }
    assert.deepEqual([alice.requests.length, bob.requests.length], [3, 0]);
  });

  test("A host of another namespace receives neither the address nor the certificate headers of the visitor", async () => {
    const forged = { "X-Real-IP": "10.0.0.1", "X-Forwarded-For": "10.0.0.1", "ssl-client-verify": "SUCCESS" };
    assert.equal((await send("open.bob", { headers: { ...CREDENTIALS, ...forged } }, "/page?a=b")).status, 200);
    const { headers } = alice.requests[0] ?? assert.fail();
    for (const name of ["x-real-ip", "x-forwarded-for", "x-original-forwarded-for", "ssl-client-verify"])
      assert.equal(headers[name], undefined, name);
    assert.equal(headers["x-original-url"], "http://open.bob.example.com/page?a=b");
    assert.equal(headers.authorization, CREDENTIALS.Authorization, "an authentication service verifies credentials");
  });

  test("A mirror cannot send identities or credentials to a host of another namespace", async () => {
    const headers = { ...CREDENTIALS, "X-User": "root", "X-Own": "kept" };
    assert.equal((await send("mirror.bob", { method: "DELETE", headers }, "/users/42?force=1")).status, 200);
    await waitFor(() => alice.requests.length === 1);
    const copy = alice.requests[0] ?? assert.fail();
    assert.deepEqual([copy.method, copy.path, copy.headers["x-own"]], ["DELETE", "/users/42?force=1", "kept"]);
    for (const name of ["x-user", "x-real-ip", "x-forwarded-for", "ssl-client-verify", "cookie", "authorization"])
      assert.equal(copy.headers[name], undefined, name);
    assert.equal(copy.headers.host, "open.a.example.com");
  });

  test("auth-response-headers cannot set the headers of the edge", async () => {
    const { id } = await send("mirror.bob");
    const { headers } = bob.requests[0] ?? assert.fail();
    assert.deepEqual(
      [headers["x-user"], headers["x-real-ip"], headers["x-forwarded-for"], headers["x-request-id"]],
      ["admin", VISITOR, VISITOR, id],
    );
    assert.deepEqual([headers["ssl-client-verify"], headers.host], [undefined, "mirror.bob.example.com"]);
  });

  test("A host of the same namespace sees the visitor", async () => {
    assert.equal((await send("own.bob")).status, 200);
    assert.deepEqual(
      bob.requests.map(({ headers }) => headers["x-real-ip"]),
      [VISITOR, VISITOR],
    );
  });

  test("A mirror with a body arrives at a host of another Ingress", async () => {
    for (const [body, headers] of [
      ["payload", {}],
      ["x".repeat(300_000), { "Transfer-Encoding": "chunked" }],
    ] as const) {
      alice.requests.length = 0;
      assert.equal((await send("body.bob", { method: "POST", body, headers })).status, 200);
      await waitFor(() => alice.requests.length === 1);
      const copy = alice.requests[0] ?? assert.fail();
      assert.deepEqual([copy.method, copy.path, copy.body.toString()], ["POST", "/copy", body]);
    }
  });

  test("Every subrequest that the rules serve has an access line", async () => {
    const { id } = await send("open.bob");
    const lines = await waitFor(() => {
      const found = edge.accessLines().filter(({ requestId }) => requestId === id);
      return found.length === 2 && found;
    });
    assert.deepEqual(
      lines.map(({ host, path, status, subrequestOf }) => ({ host, path, status, subrequestOf })),
      [
        { host: "open.a.example.com", path: "/check", status: 200, subrequestOf: "bob/open-bob-example-com" },
        { host: "open.bob.example.com", path: "/", status: 200, subrequestOf: undefined },
      ],
    );
  });
});
