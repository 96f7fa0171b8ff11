import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { buildManifests } from "../support/manifests.ts";
import { waitFor } from "../support/wait-for.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

/** Addresses of each test: one that has failed is ejected. */
const SERVICES = {
  killed: ["203.0.113.10", "203.0.113.11", "203.0.113.12"],
  sticky: ["203.0.113.20", "203.0.113.21"],
  hashed: ["203.0.113.30", "203.0.113.31", "203.0.113.32"],
  dead: ["203.0.113.40", "203.0.113.41"],
};

let edge: WorkerHarness;
const origins = new Map<string, OriginServer>();

before(async () => {
  edge = await startWorkerHarness();
  const annotations = {
    killed: {},
    sticky: { affinity: "cookie" },
    hashed: { "upstream-hash-by": "$arg_user" },
    dead: {},
  };
  const ingresses = Object.entries(annotations).map(([service, values]) => [service, { service, annotations: values }]);
  await edge.publish(buildManifests(Object.fromEntries(ingresses), SERVICES));
  for (const address of Object.values(SERVICES).flat()) await startOrigin(address);
});

after(async () => {
  await edge.close();
  await Promise.all([...origins.values()].map(({ close }) => close()));
});

async function startOrigin(address: string): Promise<void> {
  const origin = await startOriginServer(`${address}:80`, edge.stack);
  origin.respond = (response) => void response.end(address);
  origins.set(address, origin);
}

function originAt(address: string): OriginServer {
  const origin = origins.get(address);
  assert.ok(origin, address);
  return origin;
}

const send = (host: string, path = "/", headers = {}) =>
  sendRequest(edge, `http://${host}.example.com${path}`, { headers });

/** Returns the addresses that answer some requests. A failed request has the status. */
async function collectAnswers(host: string, count: number, path = "/", headers = {}): Promise<string[]> {
  const answers: string[] = [];
  for (let index = 0; index < count; index++) {
    const { status, body } = await send(host, path, headers);
    answers.push(status === 200 ? body : String(status));
  }
  return answers;
}

test("One of three origins that dies under load fails only requests in flight, and comes back", {
  timeout: 60_000,
}, async () => {
  const [killed = ""] = SERVICES.killed;
  for (const address of SERVICES.killed) {
    originAt(address).respond = (response) => void setTimeout(() => response.end(address), 20);
  }
  let started = 0;
  let startedAtFirstFailure = Number.POSITIVE_INFINITY;
  const failed: number[] = [];
  let isStopped = false;
  const sendUntilStopped = async () => {
    while (!isStopped) {
      const number = started++;
      const { status } = await send("killed");
      if (status === 200) continue;
      startedAtFirstFailure = Math.min(startedAtFirstFailure, started);
      failed.push(number);
    }
  };
  const connections = Array.from({ length: 12 }, sendUntilStopped);
  await waitFor(() => originAt(killed).requests.length > 20);
  await originAt(killed).close();
  const killedAt = Date.now();
  await waitFor(() => Date.now() > killedAt + 1600); // the first ejection has ended after 1 s
  const startedWhileDead = started;
  await startOrigin(killed);
  await waitFor(() => originAt(killed).requests.some(({ method }) => method === "GET"), 30_000);
  isStopped = true;
  await Promise.all(connections);
  assert.ok(failed.length > 0 && failed.length <= 12, String(failed));
  assert.ok(startedWhileDead > 100);
  assert.deepEqual(
    failed.filter((number) => number >= startedAtFirstFailure),
    [],
  );
});

test("A client of an ejected address moves to another one, and returns with its cookie", {
  timeout: 30_000,
}, async () => {
  const first = await send("sticky");
  const headers = { Cookie: String(first.headers["set-cookie"]).split(";")[0] };
  const other = SERVICES.sticky.find((address) => address !== first.body) ?? "";
  assert.deepEqual(await collectAnswers("sticky", 2, "/", headers), [first.body, first.body]);
  await originAt(first.body).close();
  assert.deepEqual(await collectAnswers("sticky", 3, "/", headers), ["502", other, other]);
  await startOrigin(first.body);
  await waitFor(async () => (await send("sticky", "/", headers)).body === first.body, 20_000);
});

test("The keys of an ejected address move, and those of the other addresses stay", async () => {
  const paths = Array.from({ length: 12 }, (_, index) => `/?user=${index}`);
  const answersOf = async () => await Promise.all(paths.map(async (path) => (await send("hashed", path)).body));
  const before = await answersOf();
  const [ejected = ""] = before;
  await originAt(ejected).close();
  assert.equal((await send("hashed", paths[0])).status, 502);
  const afterwards = await answersOf();
  assert.ok(!afterwards.includes(ejected));
  assert.deepEqual(
    afterwards.filter((_, index) => before[index] !== ejected),
    before.filter((address) => address !== ejected),
  );
});

test("If all addresses are ejected, all receive requests, and one that answers is used at once", async () => {
  const [first = "", second = ""] = SERVICES.dead;
  await originAt(first).close();
  await originAt(second).close();
  assert.deepEqual(await collectAnswers("dead", 4), ["502", "502", "502", "502"]);
  await startOrigin(first);
  const answers = await collectAnswers("dead", 4);
  assert.deepEqual(
    answers.slice(answers.indexOf(first)).filter((answer) => answer !== first),
    [],
  );
  assert.ok(answers.slice(0, 2).includes(first), String(answers));
});
