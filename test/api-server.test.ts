import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Api, ApiError, apiOf, type Query, type WatchEvent } from "../sync/kubernetes/api.ts";
import { Connections } from "../sync/kubernetes/connections.ts";
import { ApiServer } from "./support/api-server.ts";

const INGRESSES = "/apis/networking.k8s.io/v1/ingresses";
const OF_SHOP = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
const CART = `${OF_SHOP}/cart`;

interface Listed {
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  readonly items: { metadata: { name: string; resourceVersion: string } }[];
}

let server: ApiServer;
let api: Api;

before(async () => {
  server = await ApiServer.start();
  api = apiOf(connectionsTo(server), 500);
});
after(() => server.stop());
afterEach(() => {
  server.heal();
  for (const name of ["shop", "blog"]) server.remove("Namespace", undefined, name);
});

function connectionsTo({ kubeconfig }: ApiServer): Connections {
  const connections = new Connections();
  connections.loadFromOptions(kubeconfig);
  return connections;
}

function ingress(name: string, namespace = "shop", labels: Record<string, string> = {}) {
  return { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, namespace, labels } };
}

async function listed(path: string, query: Query = {}): Promise<Listed> {
  return (await api.get(path, query)) as Listed;
}

function names({ items }: Listed): string[] {
  return items.map(({ metadata }) => metadata.name);
}

/** The first `count` events of a watch, as "TYPE name". */
async function seen(path: string, query: Query, count: number, act: () => void = () => {}): Promise<string[]> {
  const ended = new AbortController();
  const lines: string[] = [];
  const armed = server.requests.length;
  const acted = opened(armed).then(act);
  for await (const event of api.watch(path, query, ended.signal)) {
    lines.push(lineOf(event));
    if (lines.length === count) ended.abort();
  }
  await acted;
  return lines;
}

function lineOf({ type, object }: WatchEvent): string {
  const { metadata, code } = object as { metadata?: { name?: string }; code?: number };
  return [type, metadata?.name ?? code].filter((part) => part !== undefined).join(" ");
}

/** Once a watch is open that was asked for after the first `count` requests. */
async function opened(count: number): Promise<void> {
  while (!server.requests.slice(count).some(({ query }) => query.watch === "true")) await sleep(5);
}

describe("lists", () => {
  test("come in pages of one version, whatever is written between them", async () => {
    for (const name of ["a", "b", "c"]) server.apply(ingress(name));
    const first = await listed(INGRESSES, { limit: 2 });
    assert.deepEqual(names(first), ["a", "b"]);
    assert.equal(first.metadata.remainingItemCount, 1);
    server.apply(ingress("aa"));
    server.remove("Ingress", "shop", "c");
    const second = await listed(INGRESSES, { limit: 2, continue: first.metadata.continue });
    assert.deepEqual(names(second), ["c"]);
    assert.equal(second.metadata.continue, undefined);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.deepEqual(names(await listed(INGRESSES)), ["a", "aa", "b"]);
  });

  test("lose their next page when the past is forgotten", async () => {
    for (const name of ["a", "b"]) server.apply(ingress(name));
    const first = await listed(INGRESSES, { limit: 1 });
    server.compact();
    await assert.rejects(listed(INGRESSES, { limit: 1, continue: first.metadata.continue }), {
      status: 410,
      reason: "Expired",
    });
  });

  test("are of one namespace, of labels, or of a name", async () => {
    server.apply(ingress("a", "shop", { team: "red" }));
    server.apply(ingress("b", "shop", { team: "blue" }));
    server.apply(ingress("a", "blog"));
    assert.deepEqual(names(await listed(INGRESSES)), ["a", "a", "b"]);
    assert.deepEqual(names(await listed(OF_SHOP)), ["a", "b"]);
    assert.deepEqual(names(await listed(INGRESSES, { labelSelector: "team=red" })), ["a"]);
    assert.deepEqual(names(await listed(INGRESSES, { labelSelector: "team in (red, blue),team" })), ["a", "b"]);
    assert.deepEqual(names(await listed(OF_SHOP, { labelSelector: "team!=red" })), ["b"]);
    assert.deepEqual(names(await listed(OF_SHOP, { fieldSelector: "metadata.name=b" })), ["b"]);
  });
});

describe("watches", () => {
  test("tell what happened since a version, and then what happens", async () => {
    const { metadata } = server.apply(ingress("a"));
    server.apply(ingress("b"));
    const lines = await seen(INGRESSES, { resourceVersion: metadata.resourceVersion }, 3, () => {
      server.apply(ingress("a"));
      server.remove("Ingress", "shop", "b");
    });
    assert.deepEqual(lines, ["ADDED b", "MODIFIED a", "DELETED b"]);
  });

  test("call deleted what no longer has the labels", async () => {
    const { metadata } = server.apply(ingress("a", "shop", { team: "red" }));
    const query = { resourceVersion: metadata.resourceVersion, labelSelector: "team=red" };
    const lines = await seen(INGRESSES, query, 2, () => {
      server.apply(ingress("a", "shop", { team: "blue" }));
      server.apply(ingress("a", "shop", { team: "red" }));
    });
    assert.deepEqual(lines, ["DELETED a", "ADDED a"]);
  });

  test("from a version that is forgotten are an ERROR event, and over", async () => {
    const { metadata } = server.apply(ingress("a"));
    server.compact();
    const lines = await seen(INGRESSES, { resourceVersion: metadata.resourceVersion }, 2);
    assert.deepEqual(lines, ["ERROR 410"]);
  });
});

describe("writes", () => {
  test("are refused where the version isn't the present one", async () => {
    const { metadata } = server.apply(ingress("cart"));
    server.apply(ingress("cart", "shop", { team: "red" }));
    const late = { metadata: { resourceVersion: metadata.resourceVersion, labels: { team: "blue" } } };
    await assert.rejects(api.patch(CART, late), { status: 409, reason: "Conflict" });
    await assert.rejects(api.replace(CART, { ...ingress("cart"), ...late }), { status: 400 });
    await assert.rejects(api.create(OF_SHOP, ingress("cart")), { status: 409, reason: "AlreadyExists" });
  });

  test("of a status take the status and the annotations, and nothing of the spec", async () => {
    server.apply({ ...ingress("cart"), spec: { ingressClassName: "edgress" } });
    await api.patch(`${CART}/status`, {
      metadata: { annotations: { "edgress.dev/live-generation": "7" } },
      spec: { ingressClassName: "other" },
      status: { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } },
    });
    const [{ metadata, spec, status } = ingress("none") as Record<string, unknown>] = server.objects("Ingress", "shop");
    assert.deepEqual((metadata as { annotations: object }).annotations, { "edgress.dev/live-generation": "7" });
    assert.deepEqual(spec, { ingressClassName: "edgress" });
    assert.deepEqual(status, { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } });
  });

  test("that change nothing are no new version", async () => {
    const before = server.apply(ingress("cart", "shop", { team: "red" }));
    const after = (await api.patch(CART, { metadata: { labels: { team: "red" } } })) as typeof before;
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });
});

describe("faults", () => {
  test("answer in the place of the server, so many times", async () => {
    server.apply(ingress("cart"));
    server.strike(/^GET .*\/cart$/, { type: "answer", status: 503, retryAfterSeconds: 1 }, 2);
    await assert.rejects(api.get(CART), { status: 503, reason: "ServiceUnavailable" });
    await assert.rejects(api.get(CART), ApiError);
    await api.get(CART);
  });

  test("hold an answer back, or close its connection", async () => {
    server.strike(/ingresses$/, { type: "hang" });
    await assert.rejects(api.get(INGRESSES), {
      message: `GET ${INGRESSES}: no answer from the API server within 500 ms`,
    });
    server.strike(/ingresses$/, { type: "close" });
    await assert.rejects(api.get(INGRESSES), { message: `GET ${INGRESSES}: other side closed` });
    server.strike(/ingresses$/, { type: "truncate" });
    await assert.rejects(api.get(INGRESSES), { message: `GET ${INGRESSES}: other side closed` });
  });

  test("forbid", async () => {
    server.forbid(/secrets/);
    await assert.rejects(api.get("/api/v1/namespaces/shop/secrets"), {
      status: 403,
      message:
        'secrets is forbidden: User "edgress" cannot list resource "secrets" in API group "" in the namespace "shop"',
    });
  });
});
