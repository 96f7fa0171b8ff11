import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { json } from "node:stream/consumers";
import { after, afterEach, before, describe, test } from "node:test";
import {
  ApiError,
  createApiError,
  createKubernetesClient,
  type KubernetesClient,
} from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { acquireLeadership, joinElection, type Leadership } from "../../sync/leader-election/leader-election.ts";
import { type ListeningServer, listen } from "../../sync/net/listen.ts";
import { LeaseStore } from "../support/leader-election/lease-store.ts";

const LEASES = "/apis/coordination.k8s.io/v1/namespaces/edgress/leases";
const leaderships: Leadership[] = [];
let store = new LeaseStore();
let requestLines: string[] = [];
const problems: string[] = [];
let listener: ListeningServer;
let api: KubernetesClient;

before(async () => {
  listener = await listen(createServer(handleRequest), 0);
  const connections = new Connections();
  const server = `http://127.0.0.1:${listener.port}`;
  connections.loadFromClusterAndUser({ name: "local", server, skipTLSVerify: true }, { name: "user" });
  api = createKubernetesClient(connections);
});

afterEach(async () => {
  for (const leadership of leaderships.splice(0)) await leadership.release();
  store = new LeaseStore();
  requestLines = [];
  assert.deepEqual(problems.splice(0), []);
});

after(() => listener.close());

/** Responds from the store, like an API server. */
async function handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
  const isWatch = searchParams.get("watch") === "true";
  requestLines.push(
    `${isWatch ? "WATCH" : request.method} ${pathname} ${searchParams.get("fieldSelector") ?? ""}`.trim(),
  );
  if (isWatch) {
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
    const version = Number(searchParams.get("resourceVersion"));
    response.once(
      "close",
      store.subscribe(version, (event) => response.write(`${JSON.stringify(event)}\n`)),
    );
    return;
  }
  try {
    const object = request.method === "GET" ? {} : ((await json(request)) as object);
    const operation = { GET: store.list, POST: store.create, PUT: store.replace }[request.method ?? ""];
    assert.ok(operation);
    response.end(JSON.stringify(operation.call(store, object)));
  } catch (error) {
    const { status, reason, message } = error instanceof ApiError ? error : createApiError(500, undefined);
    response.writeHead(status).end(JSON.stringify({ kind: "Status", reason, message }));
  }
}

function startElector(identity: string): Leadership {
  const options = { namespace: "edgress", name: "edgress", identity, log: (line: string) => problems.push(line) };
  const leadership = joinElection(api, options, new AbortController().signal);
  leaderships.push(leadership);
  return leadership;
}

async function waitUntilLeading(leadership: Leadership): Promise<number | undefined> {
  for await (const status of leadership.statusChanges()) if (status.type === "leader") return status.term;
  return undefined;
}

async function waitUntilStandby(leadership: Leadership, holder: string): Promise<void> {
  for await (const status of leadership.statusChanges()) {
    if (status.type === "standby" && status.holder === holder) return;
  }
}

describe("leader election through an API server", () => {
  test("A standby leads as soon as its watch shows the release", { timeout: 10_000 }, async () => {
    const leader = startElector("a");
    assert.equal(await waitUntilLeading(leader), 0);
    const standby = startElector("b");
    await waitUntilStandby(standby, "a");
    const [term] = await Promise.all([waitUntilLeading(standby), leader.release()]);
    assert.deepEqual([term, leader.isLeader(), standby.isLeader()], [1, false, true]);
    assert.deepEqual(requestLines.slice(0, 2), [`GET ${LEASES} metadata.name=edgress`, `POST ${LEASES}`]);
    assert.ok(requestLines.includes(`WATCH ${LEASES} metadata.name=edgress`));
    assert.ok(requestLines.includes(`PUT ${LEASES}/edgress`));
  });

  test("One of five candidates that start at once leads", { timeout: 10_000 }, async () => {
    const candidates = ["a", "b", "c", "d", "e"].map((identity) => startElector(identity));
    await Promise.race(candidates.map((candidate) => waitUntilLeading(candidate)));
    const holder = store.lease?.spec?.holderIdentity ?? "";
    const [leaders, standbys] = [
      candidates.filter((candidate) => candidate.isLeader()),
      candidates.filter((candidate) => !candidate.isLeader()),
    ];
    assert.deepEqual([leaders.map(({ identity }) => identity), standbys.length], [[holder], 4]);
    for (const standby of standbys) await waitUntilStandby(standby, holder);
  });

  test("A single acquisition leads within its time limit, or returns the holder", { timeout: 10_000 }, async () => {
    const options = { namespace: "edgress", name: "edgress", log: () => {} };
    const first = await acquireLeadership(api, { ...options, identity: "a" }, 5_000);
    assert.ok(first.ok);
    leaderships.push(first.leadership);
    const second = await acquireLeadership(api, { ...options, identity: "b" }, 300);
    assert.deepEqual(second, { ok: false, problem: "Lease edgress/edgress: held by a" });
  });
});
