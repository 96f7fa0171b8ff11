import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { buildManifests } from "../support/manifests.ts";
import { startRequest } from "../support/worker/http-requests.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

const HOSTS = {
  shop: { annotations: { "proxy-read-timeout": "1" } },
  pausing: { annotations: { "proxy-read-timeout": "3" } }, // longer than a busy machine delays a part
  patient: { annotations: { "proxy-read-timeout": "30" } }, // for tests that load the machine
};
const TYPES = { events: "text/event-stream; charset=utf-8", download: "application/octet-stream" };
const CLIENT_PAUSE_MS = 1500;

let edge: WorkerHarness;
const answers = new Map<string, (response: ServerResponse) => void>();

before(async () => {
  edge = await startWorkerHarness();
  await edge.startOrigin("203.0.113.1:80", (request, response) => answers.get(request.url ?? "")?.(response));
  await edge.publish(buildManifests(HOSTS, { shop: ["203.0.113.1"] }));
});

after(() => edge.close());

/** Sends a request for `path`, which the origin answers as told. */
function open(path: string, answer: (response: ServerResponse) => void, host: keyof typeof HOSTS = "shop") {
  answers.set(path, answer);
  return startRequest(edge, `http://${host}.example.com${path}`);
}

/** Returns bytes that show a swapped, repeated or lost part. */
function buildBody(size: number): Buffer {
  const body = Buffer.alloc(size);
  for (let index = 0; index + 4 <= size; index += 4) body.writeUInt32LE(index, index);
  return body;
}

describe("proxy-read-timeout between two parts", { concurrency: true, timeout: 60_000 }, () => {
  for (const [kind, type] of Object.entries(TYPES)) {
    test(`A response of type ${type} breaks if the origin pauses too long, and not before`, async () => {
      const response = await open(
        `/paused-${kind}`,
        (origin) => {
          origin.writeHead(200, { "Content-Type": type }).write("one");
          setTimeout(() => origin.write("two"), 700);
        },
        "pausing",
      );
      let body = "";
      const startedAt = Date.now();
      await assert.rejects(async () => {
        for await (const part of response) body += part;
      });
      assert.equal(body, "onetwo");
      assert.ok(Date.now() - startedAt >= 3600);
    });

    test(`Each part of a response of type ${type} is passed on before the next is sent`, async () => {
      let origin: ServerResponse | undefined;
      const response = await open(
        `/parts-${kind}`,
        (originResponse) => {
          origin = originResponse;
          origin.writeHead(200, { "Content-Type": type }).write("event 0");
        },
        "patient",
      );
      for (let index = 0; index < 50; index++) {
        const [part] = await once(response, "data");
        assert.equal(String(part), `event ${index}`);
        origin?.write(`event ${index + 1}`);
      }
    });

    test(`A client that leaves a response of type ${type} ends the origin's response`, async () => {
      const closed = Promise.withResolvers<void>();
      const response = await open(`/left-${kind}`, (origin) => {
        const timer = setInterval(() => origin.write("part"), 50);
        origin.writeHead(200, { "Content-Type": type }).once("close", () => {
          clearInterval(timer);
          closed.resolve();
        });
      });
      await once(response, "data");
      response.destroy();
      await closed.promise;
    });

    for (const framing of ["Content-Length", "chunks"]) {
      test(`A large response of type ${type} with ${framing} arrives as it was sent`, async () => {
        const body = buildBody(8_000_001);
        const headers = { "Content-Type": type, ...(framing === "chunks" ? {} : { "Content-Length": body.length }) };
        const response = await open(
          `/large-${kind}-${framing}`,
          (origin) => {
            origin.writeHead(200, headers);
            for (let at = 0, size = 1; at < body.length; at += size, size = (size * 7) % 300_007) {
              origin.write(body.subarray(at, at + size));
            }
            origin.end();
          },
          "patient",
        );
        assert.ok((await buffer(response)).equals(body));
        assert.equal(response.headers["content-length"], framing === "chunks" ? undefined : "8000001");
      });
    }
  }

  test("A client that pauses for longer than the timeout gets the whole download", async () => {
    const body = buildBody(40_000_000);
    const headers = { "Content-Type": TYPES.download, "Content-Length": body.length };
    const response = await open("/slow-client", (origin) => origin.writeHead(200, headers).end(body));
    response.pause();
    await sleep(CLIENT_PAUSE_MS); // the case itself: nothing signals that a client does not read
    assert.ok((await buffer(response)).equals(body));
  });
});
