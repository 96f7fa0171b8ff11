import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { ConnectionSlots } from "../../src/rate-limiter/connection-slots.ts";
import { addRequest, type BucketLevel, drainTimeMs } from "../../src/rate-limiter/leaky-bucket.ts";
import { type EchoHarness, startEchoHarness, WORKER } from "../support/fixture-worker.ts";
import {
  buildCluster,
  type OriginServer,
  type ReceivedResponse,
  sendToHost,
  startOriginServer,
  startRequestToHost,
  waitUntilTrue,
} from "../support/origins.ts";

const ADDRESS = "203.0.113.10:80";

const cleanups: (() => Promise<unknown>)[] = [];
const lines: string[] = [];
let edge: EchoHarness;
let origin: OriginServer;
let clientCount = 0;

before(async () => {
  edge = await startEchoHarness(["example.com"], (line) => lines.push(line));
  cleanups.push(edge.close);
  await edge.publish(
    buildCluster(
      {
        second: { with: { "limit-rps": "2", "limit-burst-multiplier": "2" } },
        minute: { with: { "limit-rpm": "6" } },
        strict: { with: { "limit-rpm": "1", "limit-burst-multiplier": "0", "limit-allowlist": "198.51.100.0/24" } },
        both: { with: { "limit-rps": "100", "limit-rpm": "1", "limit-burst-multiplier": "1" } },
        held: { with: { "limit-connections": "2" } },
        free: {},
      },
      { shop: ["203.0.113.10"] },
    ),
  );
  origin = await startOriginServer(ADDRESS, edge.stack);
  cleanups.push(origin.close);
});

after(async () => {
  for (const close of cleanups.reverse()) await close();
});

/** An address that no test has used. */
function newClient(): string {
  return `192.0.2.${++clientCount}`;
}

function sendAsClient(host: string, client: string, path = "/"): Promise<ReceivedResponse> {
  return sendToHost(edge.stack, `${host}.example.com`, path, { headers: { "CF-Connecting-IP": client } });
}

async function collectStatuses(host: string, client: string, times: number): Promise<number[]> {
  const answers = await Promise.all(Array.from({ length: times }, () => sendAsClient(host, client)));
  return answers.map(({ status }) => status).toSorted();
}

describe("a rate", { timeout: 20_000 }, () => {
  test("lets one request and the burst pass at once, and then one in each of its intervals", async () => {
    const client = newClient();
    const started = Date.now();
    assert.deepEqual(await collectStatuses("second", client, 9), [200, 200, 200, 200, 200, 503, 503, 503, 503]);
    while ((await sendAsClient("second", client)).status !== 200) await pause(20);
    assert.ok(Date.now() - started >= 490, "half a second must pass first");
    assert.equal((await sendAsClient("second", client)).status, 503);
  });

  test("is five times the limit at once, unless said otherwise", async () => {
    const passed = (await collectStatuses("minute", newClient(), 40)).filter((status) => status === 200).length;
    assert.equal(passed, 31);
  });

  test("is each client's own, whatever the path, and each Ingress's own", async () => {
    const client = newClient();
    assert.equal((await sendAsClient("strict", client, "/a")).status, 200);
    assert.equal((await sendAsClient("strict", client, "/b")).status, 503);
    assert.equal((await sendAsClient("strict", newClient(), "/b")).status, 200);
    assert.equal((await sendAsClient("second", client)).status, 200);
  });

  test("holds together with the others: what one of them refuses counts for none", async () => {
    assert.deepEqual(await collectStatuses("both", newClient(), 5), [200, 200, 503, 503, 503]);
  });

  test("does not hold for addresses that are excepted", async () => {
    assert.deepEqual(await collectStatuses("strict", "198.51.100.7", 5), [200, 200, 200, 200, 200]);
  });

  test("says in the access line what it refused, and the origin does not see it", async () => {
    const client = newClient();
    await collectStatuses("strict", client, 2);
    await waitUntilTrue(() => lines.filter((line) => line.includes(`"${client}"`)).length === 2);
    const refused = lines.filter((line) => line.includes(`"${client}"`)).map((line) => JSON.parse(line));
    assert.deepEqual(refused.map(({ outcome, reason }) => [outcome, reason]).toSorted(), [
      ["rate-limited", "limit-rpm"],
      ["routed", undefined],
    ]);
  });
});

describe("the number of requests at a time", { timeout: 20_000 }, () => {
  test("counts a request until its answer has ended", async () => {
    const client = newClient();
    const [first, second] = [await holdRequest(client), await holdRequest(client)];
    assert.equal((await sendAsClient("held", client)).status, 503);
    assert.equal((await sendAsClient("held", newClient(), "/quick")).status, 200);
    first.end();
    await waitUntil200(client);
    second.end();
    assert.equal(await first.ended, "begun, ended");
  });

  test("counts no more who has left", async () => {
    const client = newClient();
    const [first, second] = [await holdRequest(client), await holdRequest(client)];
    assert.equal((await sendAsClient("held", client)).status, 503);
    first.response.destroy();
    await waitUntil200(client);
    second.end();
  });

  test("is given back by answers without a body, and by those that fail", async () => {
    const client = newClient();
    origin.respond = (response, { path }) => {
      if (path === "/empty") response.writeHead(204).end();
      else if (path === "/broken") response.destroy();
      else response.end("quick");
    };
    for (const path of ["/empty", "/empty", "/empty", "/quick", "/quick", "/quick", "/broken", "/broken", "/broken"]) {
      await waitUntilNot503(client, path);
    }
  });

  test("leaves what is compressed compressed", async () => {
    const text = "compressed ".repeat(1000);
    origin.respond = (response) => void response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync(text));
    const headers = { "CF-Connecting-IP": newClient(), "Accept-Encoding": "gzip" };
    const response = await startRequestToHost(edge.stack, "held.example.com", "/", { headers });
    assert.equal(response.headers["content-encoding"], "gzip");
    assert.equal(gunzipSync(await buffer(response)).toString(), text);
  });

  test("leaves the length of answers as it is", async () => {
    origin.respond = (response) => void response.end("12345");
    const { headers, body } = await sendAsClient("held", newClient());
    assert.deepEqual([headers["content-length"], body], ["5", "12345"]);
  });
});

/** A request whose answer has begun, and ends when it is told to. */
async function holdRequest(client: string) {
  let end = () => {};
  origin.respond = (response, { path }) => {
    if (path === "/quick") return void response.end("quick");
    response.write("begun, ");
    end = () => void response.end("ended");
  };
  const headers = { "CF-Connecting-IP": client };
  const response: IncomingMessage = await startRequestToHost(edge.stack, "held.example.com", "/", { headers });
  const own = end;
  const ended = new Promise<string>((resolve) => {
    let got = "";
    response.setEncoding("utf8").on("data", (part) => (got += part));
    response.on("end", () => resolve(got)).on("error", () => resolve("broken"));
  });
  return { response, end: own, ended };
}

async function waitUntil200(client: string): Promise<void> {
  origin.respond = (response) => void response.end("quick");
  while ((await sendAsClient("held", client)).status !== 200) await pause(5);
}

async function waitUntilNot503(client: string, path: string): Promise<void> {
  while ((await sendAsClient("held", client, path)).status === 503) await pause(5);
}

describe("where requests cannot be counted", { timeout: 20_000 }, () => {
  const strict = { shop: { with: { "limit-rpm": "1", "limit-burst-multiplier": "0" } } };
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["since there is nothing that counts", undefined],
    ["since what counts fails", "acquire() { throw new Error('down'); }"],
    [
      "in time",
      "acquire() { return new Promise((resolve) => setTimeout(() => resolve({ ok: false, limit: 'x' }), 1500)); }",
    ],
  ];
  for (const [why, method] of cases) {
    test(`${why} they pass, and the access line says so`, async () => {
      const seen: string[] = [];
      const log = (line: string) => void seen.push(line);
      const worker = await writeWorker(`export class Limiter extends DurableObject { ${method ?? ""} }`);
      const own = await startEchoHarness(["example.com"], log, { worker, ...(!method && { durableObjects: {} }) });
      try {
        await own.publish(buildCluster(strict, { shop: ["203.0.113.10"] }));
        for (let count = 0; count < 2; count++) {
          assert.equal((await sendToHost(own.stack, "shop.example.com", "/")).status, 200);
        }
        await waitUntilTrue(() => seen.filter((line) => line.includes('"rateLimitSkipped":true')).length === 2);
      } finally {
        await own.close();
      }
    });
  }

  test("for a while the counts of before hold, and those that lasted long are not forgotten", async () => {
    const crashing = "export class Limiter extends Real { crash() { this.ctx.abort(); } }";
    const own = await startEchoHarness(["example.com"], undefined, { worker: await writeWorker(crashing) });
    try {
      await own.publish(buildCluster(strict, { shop: ["203.0.113.10"] }));
      const headers = { "CF-Connecting-IP": "192.0.2.1" };
      assert.equal((await sendToHost(own.stack, "shop.example.com", "/", { headers })).status, 200);
      await sendToHost(own.stack, "shop.example.com", "/", { headers: { "X-Crash": "default/shop 192.0.2.1" } });
      assert.equal((await sendToHost(own.stack, "shop.example.com", "/", { headers })).status, 503);
      assert.equal((await sendToHost(own.stack, "shop.example.com", "/")).status, 200);
    } finally {
      await own.close();
    }
  });
});

/** The entry of a Worker as the product's, with another class that counts. */
async function writeWorker(limiter: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "edgress-limits-"));
  cleanups.push(() => rm(folder, { recursive: true }));
  const entry = join(folder, "worker.ts");
  await writeFile(
    entry,
    `import { DurableObject } from "cloudflare:workers";
    import edge, { Limiter as Real } from ${JSON.stringify(WORKER)};
    ${limiter}
    export default {
      async fetch(request, env, background) {
        const crashed = request.headers.get("X-Crash");
        if (!crashed) return edge.fetch(request, env, background);
        await env.LIMITER.getByName(crashed).crash().catch(() => {});
        return new Response("crashed");
      },
    };`,
  );
  return entry;
}

describe("a leaky bucket", () => {
  const rate = { name: "limit-rps", intervalMs: 100, burst: 2 };

  test("takes one request and the burst at once", () => {
    const first = addRequest(undefined, rate, 0);
    const third = addRequest(addRequest(first, rate, 0), rate, 0);
    assert.deepEqual(
      [first, third],
      [
        { excess: 0, at: 0 },
        { excess: 2, at: 0 },
      ],
    );
    assert.equal(addRequest(third, rate, 0), undefined);
  });

  test("takes one more after each interval, and is empty in the end", () => {
    const full: BucketLevel = { excess: 2, at: 1000 };
    assert.equal(addRequest(full, rate, 1099), undefined);
    assert.deepEqual(addRequest(full, rate, 1100), { excess: 2, at: 1100 });
    assert.deepEqual(addRequest(full, rate, 99_999), { excess: 0, at: 99_999 });
    assert.equal(drainTimeMs(full, rate, 1000), 300);
    assert.equal(drainTimeMs(full, rate, 2000), 0);
  });

  test("of a client that keeps to the rate never runs over", () => {
    let level: BucketLevel | undefined;
    for (let now = 0; now < 10_000; now += 100) {
      level = addRequest(level, { ...rate, burst: 0 }, now);
      assert.ok(level);
    }
  });
});

test("a lease that is not renewed runs out", () => {
  const leases = new ConnectionSlots();
  leases.set("a", 100);
  leases.set("b", 200);
  assert.equal(leases.count(50), 2);
  leases.set("a", 300);
  assert.equal(leases.count(250), 1);
  leases.release("a");
  assert.equal(leases.count(250), 0);
});
