import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { WeightedBackendsSettings } from "../../../src/rules/policies/weighted-backends.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../../support/worker/origins.ts";
import { publishRoutes, type RouteSummary } from "../../support/worker/route-edge.ts";
import { startWorkerHarness, type WorkerHarness } from "../../support/worker/worker-harness.ts";

// The origins answer with these texts.
const ANN = "203.0.113.10:80";
const BOB = "203.0.113.11:80";

let edge: WorkerHarness;
let origins: readonly OriginServer[];

before(async () => {
  edge = await startWorkerHarness();
  origins = await Promise.all([ANN, BOB].map((address) => startOriginServer(address, edge.stack)));
  await publishRoutes(
    edge,
    {
      plain: buildRoute({ type: "cookie", name: "stay" }),
      one: buildRoute({ type: "cookie", name: "stay", rule: "0000000a" }),
      two: buildRoute({ type: "cookie", name: "stay", rule: "0000000b" }),
      idle: buildRoute({ type: "cookie", name: "stay", idleS: 60 }),
      absolute: buildRoute({ type: "cookie", name: "stay", absoluteS: 3600 }),
      both: buildRoute({ type: "cookie", name: "stay", absoluteS: 3600, maxAgeS: 3600, idleS: 60 }),
      header: buildRoute({ type: "header", name: "X-Session", idleS: 60 }),
    },
    { ann: ["203.0.113.10"], bob: ["203.0.113.11"] },
  );
});

after(async () => {
  await edge.close();
  await Promise.all(origins.map(({ close }) => close()));
});

function buildRoute(session: NonNullable<WeightedBackendsSettings["session"]>): RouteSummary {
  const choices = ["ann", "bob"].map((name) => ({ weight: 1, backend: `default/${name}:80` }));
  return { policies: { weightedBackends: { choices, session } } };
}

async function send(host: string, session = "") {
  const headers = host === "header" ? { "X-Session": session } : { Cookie: `stay=${session}` };
  const response = await sendRequest(edge, `http://${host}.example.com/`, { headers });
  const [cookie] = response.headers["set-cookie"] ?? [];
  const value = host === "header" ? response.headers["x-session"] : /^stay=([^;]*);/.exec(cookie ?? "")?.[1];
  return { address: response.body, cookie, session: value === undefined ? undefined : String(value) };
}

/** Returns the session of a client that sends `session` and gets a response of an address. */
async function findSession(host: string, address: string, session?: string): Promise<string> {
  for (let count = 0; count < 100; count++) {
    const response = await send(host, session);
    if (response.address === address && response.session !== undefined) return response.session;
  }
  throw new Error(`no session at ${address}`);
}

/** Returns the seconds since 1970, some seconds ago, as sessions have them. */
function ago(seconds: number): string {
  return (Math.floor(Date.now() / 1000) - seconds).toString(36);
}

async function assertStays(host: string, session: string, address: string): Promise<void> {
  const responses = await Promise.all(Array.from({ length: 10 }, () => send(host, session)));
  assert.deepEqual([...new Set(responses.map((response) => response.address))], [address]);
}

test("Two rules with one session name keep their own backends", async () => {
  const first = await findSession("one", ANN);
  await Promise.all([send("two", first), send("two", first)]);
  const both = await findSession("two", BOB, first);
  await assertStays("one", both, ANN);
  await assertStays("two", both, BOB);
  assert.equal((await send("one", both)).session, undefined);
});

test("A session of another rule does not select a backend", async () => {
  const session = await findSession("one", ANN);
  await findSession("two", BOB, session);
});

test("A cookie has only entries that the edge has written", async () => {
  const session = await findSession("one", ANN, "evil.a|b|c.0000|00000000|0000000b|1|1");
  assert.match(session, /^0000\|00000000\|0000000b\|1\|1\.[0-9a-f]{4}\|[0-9a-f]{8}\|0000000a\|[0-9a-z]+\|[0-9a-z]+$/);
  assert.doesNotMatch(await findSession("one", ANN, `${"0000|00000000|0000000b|1|1.".repeat(100)}`), /\./);
});

test("A session without rule and times has a token only", async () => {
  assert.match(await findSession("plain", ANN), /^[0-9a-f]{4}\|[0-9a-f]{8}$/);
});

for (const host of ["idle", "header"]) {
  test(`A session of the route ${host} is renewed at each request, and ends after its idle timeout`, async () => {
    const token = (await findSession(host, ANN)).split("|").slice(0, 2).join("|");
    const created = ago(9000);
    const active = `${token}||${created}|${ago(50)}`;
    await assertStays(host, active, ANN);
    const renewed = (await send(host, active)).session?.split("|") ?? [];
    assert.deepEqual(renewed.slice(0, 4), [...token.split("|"), "", created]);
    assert.ok((renewed[4] ?? "") >= ago(5));
    await findSession(host, BOB, `${token}||${created}|${ago(70)}`);
    await findSession(host, BOB, token);
  });
}

test("A session ends after its absolute timeout, also if its cookie does not", async () => {
  const token = (await findSession("absolute", ANN)).split("|").slice(0, 2).join("|");
  const young = `${token}||${ago(3500)}|${ago(3500)}`;
  await assertStays("absolute", young, ANN);
  assert.equal((await send("absolute", young)).cookie, undefined);
  await findSession("absolute", BOB, `${token}||${ago(3700)}|${ago(0)}`);
});

test("The age of a renewed cookie is the rest of its absolute timeout", async () => {
  const token = (await findSession("both", ANN)).split("|").slice(0, 2).join("|");
  const { cookie = "", address } = await send("both", `${token}||${ago(3000)}|${ago(30)}`);
  const [, age] = /; Max-Age=(\d+); Path=\/; HttpOnly$/.exec(cookie) ?? [];
  assert.equal(address, ANN);
  assert.ok(Number(age) > 590 && Number(age) <= 600, cookie);
});
