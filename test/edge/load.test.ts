import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { CURRENT_KEY, shardKey } from "../../src/rules/kv-keys.ts";
import type { Manifest } from "../../src/rules/snapshot.ts";
import { startEchoServers } from "../../sync/local/echo/echo.ts";
import { computeDigest, toCanonicalJson } from "../../sync/publish/canonical-json.ts";
import { createSigner, generateSigningKeys } from "../../sync/publish/sign-manifest.ts";
import {
  buildIngressManifest,
  buildServiceManifest,
  sendRequest,
  startWorkerHarness,
  type WorkerHarness,
  waitFor,
} from "../support/worker-harness.ts";

const cleanups: (() => Promise<unknown>)[] = [];
let edge: WorkerHarness;

before(async () => {
  edge = await startWorkerHarness({ edgeFaults: true });
  cleanups.push(edge.close);
  await edge.startOrigin("203.0.113.1:80", (_, response) => response.end("one"));
  await edge.startOrigin("203.0.113.2:80", (_, response) => response.end("two"));
});

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

const services = [buildServiceManifest("one", ["203.0.113.1"]), buildServiceManifest("two", ["203.0.113.2"])];

/** Hosts a and b, which lead to the Services `a` and `b`. */
function buildTwoHosts(a: string, b: string) {
  return [
    buildIngressManifest("a", "a.example.com", { "/": a }),
    buildIngressManifest("b", "b.example.com", { "/": b }),
    ...services,
  ];
}

async function fetchStatusAndBody(url: string): Promise<string> {
  const { status, body } = await sendRequest(edge, url);
  return `${status} ${body}`;
}

async function fetchGeneration(): Promise<number> {
  const { body } = await sendRequest(edge, "http://a.example.com/.well-known/edgress/generation");
  return (JSON.parse(body.toString()) as Pick<Manifest, "generation">).generation;
}

/** The manifest that lies in KV now. */
async function readManifestFromKv(): Promise<Manifest> {
  const bytes = await edge.account.kv.get(CURRENT_KEY);
  return JSON.parse((JSON.parse(bytes ?? "") as { manifest: string }).manifest) as Manifest;
}

function signManifestText(manifest: object): string {
  return edge.account.signer.sign(toCanonicalJson(manifest));
}

/** Writes `current` and waits until the edge has said why it does not take it. Requests make it look. */
async function waitForRefusal(current: string): Promise<string> {
  const before = edge.lines.length;
  await edge.account.kv.put([{ key: CURRENT_KEY, value: current }]);
  return await waitForWarning("snapshot-rejected", before);
}

async function waitForWarning(event: string, since: number): Promise<string> {
  return await waitFor(async () => {
    assert.equal(await fetchStatusAndBody("http://a.example.com/"), "200 one");
    const warning = edge.lines.slice(since).find((line) => line.includes(`"event":"${event}"`));
    return warning && (JSON.parse(warning) as { reason: string }).reason;
  });
}

describe("before anything is published", () => {
  test("every request is answered with 503, and health says so", async () => {
    const { status, body } = await sendRequest(edge, "http://a.example.com/", { headers: { "X-Request-ID": "early" } });
    assert.equal(`${status} ${body}`, "503 503 Service Unavailable\nrequest id: early\n");
    assert.equal((await edge.waitForAccessLine("early")).outcome, "no-snapshot");
    const health = await sendRequest(edge, "http://a.example.com/.well-known/edgress/health");
    assert.equal(`${health.status} ${health.body}`, '503 {"status":"no snapshot"}');
  });
});

describe("what does not verify leaves the last good generation in force, and the edge says why", () => {
  let good: string;

  before(async () => {
    await edge.publish(buildTwoHosts("one", "two"));
    good = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
  });

  /** Puts the good bytes back, and the edge goes on from them. */
  async function restored(): Promise<void> {
    await edge.account.kv.put([{ key: CURRENT_KEY, value: good }]);
    assert.equal(await fetchStatusAndBody("http://b.example.com/"), "200 two");
    assert.equal(await fetchGeneration(), (await readManifestFromKv()).generation);
  }

  test("a manifest that was changed after it was signed", async () => {
    const tampered = good.replace("example.com", "example.org");
    assert.notEqual(tampered, good);
    assert.equal(await waitForRefusal(tampered), "manifest signature is not from the controller's key");
    await restored();
  });

  test("a manifest signed with another key", async () => {
    const { privateKey } = generateSigningKeys();
    const next = { ...(await readManifestFromKv()), generation: 1000 };
    const reason = await waitForRefusal(createSigner(privateKey).sign(toCanonicalJson(next)));
    assert.equal(reason, "manifest signature is not from the controller's key");
    await restored();
  });

  test("bytes that are no manifest", async () => {
    assert.equal(await waitForRefusal("garbage"), "the manifest is not JSON");
    assert.match(await waitForRefusal("{}"), /^manifest is not signed as expected/);
    await restored();
  });

  test("a signature that is no base64", async () => {
    const { manifest } = JSON.parse(good) as { manifest: string };
    await waitForRefusal(JSON.stringify({ manifest, signature: "%%%" }));
    await restored();
  });

  test("a format that this edge does not know", async () => {
    const reason = await waitForRefusal(
      signManifestText({ ...(await readManifestFromKv()), format: 2, generation: 1000 }),
    );
    assert.equal(reason, "manifest is invalid: invalid_value at format");
    await restored();
  });

  test("a field that this edge does not know, in the manifest or in a shard", async () => {
    const manifest = await readManifestFromKv();
    assert.equal(
      await waitForRefusal(signManifestText({ ...manifest, generation: 1000, mode: "new" })),
      "manifest is invalid: unrecognized_keys mode at the top",
    );
    const bytes = toCanonicalJson({ hosts: [], guard: "new" });
    const digest = computeDigest(bytes);
    await edge.account.kv.put([{ key: shardKey(digest), value: bytes }]);
    const reason = await waitForRefusal(signManifestText({ ...manifest, generation: 1000, shards: [digest] }));
    assert.equal(reason, `shard ${digest} is invalid: unrecognized_keys guard at the top`);
    await restored();
  });

  test("a shard whose bytes have another digest", async () => {
    const manifest = await readManifestFromKv();
    const digest = "0".repeat(64);
    await edge.account.kv.put([{ key: shardKey(digest), value: toCanonicalJson({ hosts: [] }) }]);
    const reason = await waitForRefusal(signManifestText({ ...manifest, generation: 1000, shards: [digest] }));
    assert.match(reason, new RegExp(`^shard ${digest} has the digest [0-9a-f]{64}$`));
    await restored();
  });

  test("a shard that is not there", async () => {
    const manifest = await readManifestFromKv();
    const digest = "1".repeat(64);
    assert.equal(
      await waitForRefusal(signManifestText({ ...manifest, generation: 1000, shards: [digest] })),
      `not found: ${digest}`,
    );
    await restored();
  });

  test("a generation that goes backwards is passed over without a word, since KV may show older values", async () => {
    const newest = (await edge.publish(buildTwoHosts("two", "one"))).publishResult.generation;
    const newer = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
    const lines = edge.lines.length;
    await edge.account.kv.put([{ key: CURRENT_KEY, value: good }]);
    for (let i = 0; i < 20; i++) {
      assert.equal(await fetchGeneration(), newest);
      assert.equal(await fetchStatusAndBody("http://a.example.com/"), "200 two");
    }
    assert.deepEqual(
      edge.lines.slice(lines).filter((line) => line.includes('"event"')),
      [],
    );
    await edge.account.kv.put([{ key: CURRENT_KEY, value: newer }]);
  });
});

describe("while KV is out", () => {
  for (const reads of ["failing", "hanging"] as const) {
    test(`the generation in force goes on: ${reads} reads`, async () => {
      await edge.publish(buildTwoHosts("one", "two"));
      assert.equal(await fetchStatusAndBody("http://a.example.com/"), "200 one");
      const lines = edge.lines.length;
      await edge.stack.account.setEdgeReadMode(reads);
      const reason = await waitForWarning("snapshot-rejected", lines);
      assert.equal(
        reason,
        { failing: "KV GET failed: 500 Internal Server Error", hanging: "no response from KV within 3000 ms" }[reads],
      );
      await edge.stack.account.setEdgeReadMode("fresh");
      await edge.publish(buildTwoHosts("two", "two"));
      assert.equal(await fetchStatusAndBody("http://a.example.com/"), "200 two");
    });
  }

  for (const reads of ["failing", "hanging"] as const) {
    test(`a cold isolate starts from the copies in the cache: ${reads} reads`, async () => {
      const { generation: published } = (await edge.publish(buildTwoHosts("one", "two"))).publishResult;
      for (const host of ["a", "b"]) await sendRequest(edge, `http://${host}.example.com/`);
      await edge.stack.restartWorker();
      assert.equal(await fetchStatusAndBody("http://a.example.com/"), "200 one"); // from KV: this keeps the copies
      await edge.stack.restartWorker();
      await edge.stack.account.setEdgeReadMode(reads);
      const lines = edge.lines.length;
      assert.equal(await fetchStatusAndBody("http://a.example.com/"), "200 one");
      assert.equal(await fetchGeneration(), published);
      assert.ok(edge.lines.slice(lines).some((line) => line.includes('"event":"snapshot-from-cache"')));
      await edge.stack.account.setEdgeReadMode("fresh");
      await edge.publish(buildTwoHosts("two", "one"));
      assert.equal(await fetchStatusAndBody("http://a.example.com/"), "200 two");
    });
  }
});

describe("publishing under load", () => {
  test("fails no request, and every request is served from one generation", async () => {
    // Two hosts swap their backends with each generation: a request that mixed two would reach the wrong one.
    const first = (await edge.publish(buildTwoHosts("one", "two"))).publishResult.generation;
    const from = edge.accessLines().length;
    let done = false;
    const bodies = new Map<string, string>();
    const hammer = async (client: number) => {
      for (let i = 0; !done; i++) {
        const id = `hammer-${client}-${i}`;
        const host = (i + client) % 2 === 0 ? "a" : "b";
        const { status, body } = await sendRequest(edge, `http://${host}.example.com/`, {
          headers: { "X-Request-ID": id },
        });
        assert.equal(status, 200);
        bodies.set(id, body.toString());
      }
    };
    const clients = Promise.all([0, 1, 2, 3].map(hammer));
    for (let round = 1; round <= 12; round++) {
      const { publishResult } = await edge.publish(
        round % 2 === 0 ? buildTwoHosts("one", "two") : buildTwoHosts("two", "one"),
      );
      assert.equal(publishResult.generation, first + round);
    }
    done = true;
    await clients;
    await waitFor(() => edge.accessLines().length - from >= bodies.size);
    const hammered = edge.accessLines().filter(({ requestId }) => bodies.has(requestId));
    for (const { requestId, host, backend, generation: served } of hammered) {
      const swapped = (Number(served) - first) % 2 === 1;
      const expected = (host === "a.example.com") === swapped ? "two" : "one";
      assert.equal(backend, `default/${expected}:80`);
      assert.equal(bodies.get(requestId), expected);
    }
    assert.ok(new Set(hammered.map((line) => line.generation)).size > 6);
  });

  test("incident: a WebSocket stays open across a hundred publications", async () => {
    const [echo] = await startEchoServers(["default/one:80"]);
    assert.ok(echo);
    cleanups.push(echo.close);
    edge.stack.forward("203.0.113.3:80", echo.address);
    const chat = [
      buildIngressManifest("chat", "chat.example.com", { "/": "chat" }),
      buildServiceManifest("chat", ["203.0.113.3"]),
    ];
    await edge.publish([...buildTwoHosts("one", "two"), ...chat]);
    const socket = new WebSocket(`ws://127.0.0.1:${edge.stack.http.port}/`, { headers: { Host: "chat.example.com" } });
    await once(socket, "open");
    for (let round = 0; round < 100; round++) {
      await edge.publish([...(round % 2 === 0 ? buildTwoHosts("two", "one") : buildTwoHosts("one", "two")), ...chat]);
      socket.send(`round ${round}`);
      assert.equal(String((await once(socket, "message"))[0]), `round ${round}`);
    }
    socket.close();
    await once(socket, "close");
  });
});

test("the edge's own endpoints cannot be taken by an Ingress, on any host", async () => {
  const { publishResult } = await edge.publish([
    buildIngressManifest("greedy", "a.example.com", {
      "/.well-known/edgress": "one",
      "/.well-known/edgress/health": "one",
    }),
    buildIngressManifest("any", undefined, { "/": "one" }),
    ...services,
  ]);
  for (const host of ["a.example.com", "other.example.com"]) {
    assert.equal(await fetchStatusAndBody(`http://${host}/.well-known/edgress/health?x`), '200 {"status":"ok"}');
    const { status, headers, body } = await sendRequest(edge, `http://${host}/.well-known/edgress/generation`);
    assert.equal(status, 200);
    assert.equal(headers["cache-control"], "no-store");
    const { generation: served, digest, ageSeconds } = JSON.parse(body.toString()) as Record<string, unknown>;
    assert.deepEqual([served, digest], [publishResult.generation, publishResult.digest]);
    assert.ok(Number(ageSeconds) < 10);
    assert.equal(await fetchStatusAndBody(`http://${host}/.well-known/edgress/other`), "404 404 Not Found\n");
    assert.equal(await fetchStatusAndBody(`http://${host}/.well-known/edgress`), "200 one");
  }
});
