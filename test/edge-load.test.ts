import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test } from "node:test";
import { WebSocket } from "ws";
import { CURRENT_KEY, shardKey } from "../src/rules/keys.ts";
import type { Manifest } from "../src/rules/snapshot.ts";
import { startEchoes } from "../sync/dev/echo.ts";
import { canonical, digestOf } from "../sync/publish/canonical.ts";
import { generateKeys, signerOf } from "../sync/publish/sign.ts";
import { ask, type Edge, ingress, service, startEdge, until } from "./support/edge.ts";

const closing: (() => Promise<unknown>)[] = [];
let edge: Edge;

before(async () => {
  edge = await startEdge({ edgeFaults: true });
  closing.push(edge.close);
  await edge.origin("203.0.113.1:80", (_, response) => response.end("one"));
  await edge.origin("203.0.113.2:80", (_, response) => response.end("two"));
});

after(async () => {
  for (const close of closing.reverse()) await close();
});

const services = [service("one", ["203.0.113.1"]), service("two", ["203.0.113.2"])];

/** Hosts a and b, which lead to the Services `a` and `b`. */
function hosts(a: string, b: string) {
  return [ingress("a", "a.example.com", { "/": a }), ingress("b", "b.example.com", { "/": b }), ...services];
}

async function statusAndBody(url: string): Promise<string> {
  const { status, body } = await ask(edge, url);
  return `${status} ${body}`;
}

async function generation(): Promise<number> {
  const { body } = await ask(edge, "http://a.example.com/.well-known/edgress/generation");
  return (JSON.parse(body.toString()) as Pick<Manifest, "generation">).generation;
}

/** The manifest that lies in KV now. */
async function manifestInKv(): Promise<Manifest> {
  const bytes = await edge.account.kv.get(CURRENT_KEY);
  return JSON.parse((JSON.parse(bytes ?? "") as { manifest: string }).manifest) as Manifest;
}

function seal(manifest: object): string {
  return edge.account.signer.seal(canonical(manifest));
}

/** Writes `current` and waits until the edge has said why it does not take it. Requests make it look. */
async function refusal(current: string): Promise<string> {
  const before = edge.lines.length;
  await edge.account.kv.put([{ key: CURRENT_KEY, value: current }]);
  return await untilWarned("snapshot-refused", before);
}

async function untilWarned(event: string, since: number): Promise<string> {
  return await until(async () => {
    assert.equal(await statusAndBody("http://a.example.com/"), "200 one");
    const warning = edge.lines.slice(since).find((line) => line.includes(`"event":"${event}"`));
    return warning && (JSON.parse(warning) as { because: string }).because;
  });
}

describe("before anything is published", () => {
  test("every request is answered with 503, and health says so", async () => {
    const { status, body } = await ask(edge, "http://a.example.com/", { headers: { "X-Request-ID": "early" } });
    assert.equal(`${status} ${body}`, "503 503 Service Unavailable\nrequest id: early\n");
    assert.equal((await edge.accessLine("early")).outcome, "no-snapshot");
    const health = await ask(edge, "http://a.example.com/.well-known/edgress/health");
    assert.equal(`${health.status} ${health.body}`, '503 {"status":"no snapshot"}');
  });
});

describe("what does not verify leaves the last good generation in force, and the edge says why", () => {
  let good: string;

  before(async () => {
    await edge.publish(hosts("one", "two"));
    good = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
  });

  /** Puts the good bytes back, and the edge goes on from them. */
  async function restored(): Promise<void> {
    await edge.account.kv.put([{ key: CURRENT_KEY, value: good }]);
    assert.equal(await statusAndBody("http://b.example.com/"), "200 two");
    assert.equal(await generation(), (await manifestInKv()).generation);
  }

  test("a manifest that was changed after it was signed", async () => {
    const tampered = good.replace("example.com", "example.org");
    assert.notEqual(tampered, good);
    assert.equal(await refusal(tampered), "the manifest's signature is not from the sync job's key");
    await restored();
  });

  test("a manifest signed with another key", async () => {
    const { privateKey } = generateKeys();
    const next = { ...(await manifestInKv()), generation: 1000 };
    const because = await refusal(signerOf(privateKey).seal(canonical(next)));
    assert.equal(because, "the manifest's signature is not from the sync job's key");
    await restored();
  });

  test("bytes that are no manifest", async () => {
    assert.equal(await refusal("garbage"), "the manifest is not JSON");
    assert.match(await refusal("{}"), /^the manifest is not signed as expected/);
    await restored();
  });

  test("a signature that is no base64", async () => {
    const { manifest } = JSON.parse(good) as { manifest: string };
    await refusal(JSON.stringify({ manifest, signature: "%%%" }));
    await restored();
  });

  test("a format that this edge does not know", async () => {
    const because = await refusal(seal({ ...(await manifestInKv()), format: 2, generation: 1000 }));
    assert.equal(because, "the manifest cannot be read: invalid_value at format");
    await restored();
  });

  test("a field that this edge does not know, in the manifest or in a shard", async () => {
    const manifest = await manifestInKv();
    assert.equal(
      await refusal(seal({ ...manifest, generation: 1000, mode: "new" })),
      "the manifest cannot be read: unrecognized_keys mode at the top",
    );
    const bytes = canonical({ hosts: [], guard: "new" });
    const digest = digestOf(bytes);
    await edge.account.kv.put([{ key: shardKey(digest), value: bytes }]);
    const because = await refusal(seal({ ...manifest, generation: 1000, shards: [digest] }));
    assert.equal(because, `shard ${digest} cannot be read: unrecognized_keys guard at the top`);
    await restored();
  });

  test("a shard whose bytes have another digest", async () => {
    const manifest = await manifestInKv();
    const digest = "0".repeat(64);
    await edge.account.kv.put([{ key: shardKey(digest), value: canonical({ hosts: [] }) }]);
    const because = await refusal(seal({ ...manifest, generation: 1000, shards: [digest] }));
    assert.match(because, new RegExp(`^shard ${digest} has the digest [0-9a-f]{64}$`));
    await restored();
  });

  test("a shard that is not there", async () => {
    const manifest = await manifestInKv();
    const digest = "1".repeat(64);
    assert.equal(await refusal(seal({ ...manifest, generation: 1000, shards: [digest] })), `${digest} is not there`);
    await restored();
  });

  test("a generation that goes backwards is passed over without a word, since KV may show older values", async () => {
    const newest = (await edge.publish(hosts("two", "one"))).published.generation;
    const newer = (await edge.account.kv.get(CURRENT_KEY)) ?? "";
    const lines = edge.lines.length;
    await edge.account.kv.put([{ key: CURRENT_KEY, value: good }]);
    for (let i = 0; i < 20; i++) {
      assert.equal(await generation(), newest);
      assert.equal(await statusAndBody("http://a.example.com/"), "200 two");
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
      await edge.publish(hosts("one", "two"));
      assert.equal(await statusAndBody("http://a.example.com/"), "200 one");
      const lines = edge.lines.length;
      await edge.stack.account.setEdgeReads(reads);
      const because = await untilWarned("snapshot-refused", lines);
      assert.equal(
        because,
        { failing: "KV GET failed: 500 Internal Server Error", hanging: "KV did not answer within 3000 ms" }[reads],
      );
      await edge.stack.account.setEdgeReads("fresh");
      await edge.publish(hosts("two", "two"));
      assert.equal(await statusAndBody("http://a.example.com/"), "200 two");
    });
  }

  for (const reads of ["failing", "hanging"] as const) {
    test(`a cold isolate starts from the copies in the cache: ${reads} reads`, async () => {
      const { generation: published } = (await edge.publish(hosts("one", "two"))).published;
      for (const host of ["a", "b"]) await ask(edge, `http://${host}.example.com/`);
      await edge.stack.restartWorker();
      assert.equal(await statusAndBody("http://a.example.com/"), "200 one"); // from KV: this keeps the copies
      await edge.stack.restartWorker();
      await edge.stack.account.setEdgeReads(reads);
      const lines = edge.lines.length;
      assert.equal(await statusAndBody("http://a.example.com/"), "200 one");
      assert.equal(await generation(), published);
      assert.ok(edge.lines.slice(lines).some((line) => line.includes('"event":"snapshot-from-copy"')));
      await edge.stack.account.setEdgeReads("fresh");
      await edge.publish(hosts("two", "one"));
      assert.equal(await statusAndBody("http://a.example.com/"), "200 two");
    });
  }
});

describe("publishing under load", () => {
  test("fails no request, and every request is served from one generation", async () => {
    // Two hosts swap their backends with each generation: a request that mixed two would reach the wrong one.
    const first = (await edge.publish(hosts("one", "two"))).published.generation;
    const from = edge.accessLines().length;
    let done = false;
    const bodies = new Map<string, string>();
    const hammer = async (client: number) => {
      for (let i = 0; !done; i++) {
        const id = `hammer-${client}-${i}`;
        const host = (i + client) % 2 === 0 ? "a" : "b";
        const { status, body } = await ask(edge, `http://${host}.example.com/`, { headers: { "X-Request-ID": id } });
        assert.equal(status, 200);
        bodies.set(id, body.toString());
      }
    };
    const clients = Promise.all([0, 1, 2, 3].map(hammer));
    for (let round = 1; round <= 12; round++) {
      const { published } = await edge.publish(round % 2 === 0 ? hosts("one", "two") : hosts("two", "one"));
      assert.equal(published.generation, first + round);
    }
    done = true;
    await clients;
    await until(() => edge.accessLines().length - from >= bodies.size);
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
    const [echo] = await startEchoes(["default/one:80"]);
    assert.ok(echo);
    closing.push(echo.close);
    edge.stack.forward("203.0.113.3:80", echo.address);
    const chat = [ingress("chat", "chat.example.com", { "/": "chat" }), service("chat", ["203.0.113.3"])];
    await edge.publish([...hosts("one", "two"), ...chat]);
    const socket = new WebSocket(`ws://127.0.0.1:${edge.stack.http.port}/`, { headers: { Host: "chat.example.com" } });
    await once(socket, "open");
    for (let round = 0; round < 100; round++) {
      await edge.publish([...(round % 2 === 0 ? hosts("two", "one") : hosts("one", "two")), ...chat]);
      socket.send(`round ${round}`);
      assert.equal(String((await once(socket, "message"))[0]), `round ${round}`);
    }
    socket.close();
    await once(socket, "close");
  });
});

test("the edge's own endpoints cannot be taken by an Ingress, on any host", async () => {
  const { published } = await edge.publish([
    ingress("greedy", "a.example.com", { "/.well-known/edgress": "one", "/.well-known/edgress/health": "one" }),
    ingress("any", undefined, { "/": "one" }),
    ...services,
  ]);
  for (const host of ["a.example.com", "other.example.com"]) {
    assert.equal(await statusAndBody(`http://${host}/.well-known/edgress/health?x`), '200 {"status":"ok"}');
    const { status, headers, body } = await ask(edge, `http://${host}/.well-known/edgress/generation`);
    assert.equal(status, 200);
    assert.equal(headers["cache-control"], "no-store");
    const { generation: served, digest, ageSeconds } = JSON.parse(body.toString()) as Record<string, unknown>;
    assert.deepEqual([served, digest], [published.generation, published.digest]);
    assert.ok(Number(ageSeconds) < 10);
    assert.equal(await statusAndBody(`http://${host}/.well-known/edgress/other`), "404 404 Not Found\n");
    assert.equal(await statusAndBody(`http://${host}/.well-known/edgress`), "200 one");
  }
});
