import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { after, afterEach, before, describe, test } from "node:test";
import { type Listening, listen } from "../sync/dev/listening.ts";
import { type Api, ApiError, apiErrorOf, apiOf } from "../sync/kubernetes/api.ts";
import { Connections } from "../sync/kubernetes/connections.ts";
import { acquireOnce, type Leadership, lead } from "../sync/lead/lead.ts";
import { LeaseStore } from "./support/lease-store.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/edgress/leases";
const running: Leadership[] = [];
let store = new LeaseStore();
let asked: string[] = [];
const problems: string[] = [];
let listening: Listening;
let api: Api;

before(async () => {
  listening = await listen(createServer(answer), 0);
  const connections = new Connections();
  const server = `http://127.0.0.1:${listening.port}`;
  connections.loadFromClusterAndUser({ name: "local", server, skipTLSVerify: true }, { name: "us" });
  api = apiOf(connections);
});

afterEach(async () => {
  for (const leadership of running.splice(0)) await leadership.release();
  store = new LeaseStore();
  asked = [];
  assert.deepEqual(problems.splice(0), []);
});

after(() => listening.close());

/** Answers as an API server would, from the store. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const isWatch = searchParams.get("watch") === "true";
  asked.push(`${isWatch ? "WATCH" : request.method} ${pathname} ${searchParams.get("fieldSelector") ?? ""}`.trim());
  if (isWatch) {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    const version = Number(searchParams.get("resourceVersion"));
    response.once(
      "close",
      store.follow(version, (event) => response.write(`${JSON.stringify(event)}\n`)),
    );
    return;
  }
  try {
    const object = request.method === "GET" ? {} : ((await json(request)) as object);
    const done = { GET: store.list, POST: store.create, PUT: store.replace }[request.method ?? ""];
    assert.ok(done);
    response.end(JSON.stringify(done.call(store, object)));
  } catch (error) {
    const { status, reason, message } = error instanceof ApiError ? error : apiErrorOf(500, undefined);
    response.writeHead(status).end(JSON.stringify({ kind: "Status", reason, message }));
  }
}

function candidate(identity: string): Leadership {
  const options = { namespace: "edgress", name: "edgress", identity, log: (line: string) => problems.push(line) };
  const leadership = lead(api, options, new AbortController().signal);
  running.push(leadership);
  return leadership;
}

async function untilLeading(leadership: Leadership): Promise<number | undefined> {
  for await (const standing of leadership.standings()) if (standing.type === "leading") return standing.term;
  return undefined;
}

async function untilBehind(leadership: Leadership, holder: string): Promise<void> {
  for await (const standing of leadership.standings()) {
    if (standing.type === "standing by" && standing.holder === holder) return;
  }
}

describe("over connections to an API server", () => {
  test("a clean stop is followed as soon as the watch tells of it", { timeout: 10_000 }, async () => {
    const a = candidate("a");
    assert.equal(await untilLeading(a), 0);
    const b = candidate("b");
    await untilBehind(b, "a");
    const [leading] = await Promise.all([untilLeading(b), a.release()]);
    assert.deepEqual([leading, a.holds(), b.holds()], [1, false, true]);
    assert.deepEqual(asked.slice(0, 2), [`GET ${LEASES} metadata.name=edgress`, `POST ${LEASES}`]);
    assert.ok(asked.includes(`WATCH ${LEASES} metadata.name=edgress`));
    assert.ok(asked.includes(`PUT ${LEASES}/edgress`));
  });

  test("of many who begin at once one leads", { timeout: 10_000 }, async () => {
    const candidates = ["a", "b", "c", "d", "e"].map((identity) => candidate(identity));
    await Promise.race(candidates.map((one) => untilLeading(one)));
    const holder = store.lease?.spec?.holderIdentity ?? "";
    const [leading, behind] = [candidates.filter((one) => one.holds()), candidates.filter((one) => !one.holds())];
    assert.deepEqual([leading.map(({ identity }) => identity), behind.length], [[holder], 4]);
    for (const one of behind) await untilBehind(one, holder);
  });

  test("once leads within its limit, or not at all", { timeout: 10_000 }, async () => {
    const options = { namespace: "edgress", name: "edgress", log: () => {} };
    const first = await acquireOnce(api, { ...options, identity: "a" }, 5_000);
    assert.ok(first.ok);
    running.push(first.leadership);
    const second = await acquireOnce(api, { ...options, identity: "b" }, 300);
    assert.deepEqual(second, { ok: false, problem: "Lease edgress/edgress: held by a" });
  });
});
