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
async function seen(path: string, query: Query, count: number, act: () => unknown = () => {}): Promise<string[]> {
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

describe("refusals", () => {
  const body = ingress("cart");
  const rows: [string, () => Promise<unknown>, number, string, string][] = [
    [
      "an object that isn't there",
      () => api.get(`${OF_SHOP}/none`),
      404,
      "NotFound",
      'ingresses.networking.k8s.io "none" not found',
    ],
    [
      "a namespace that isn't there",
      () => api.create("/apis/networking.k8s.io/v1/namespaces/blog/ingresses", ingress("cart", "blog")),
      404,
      "NotFound",
      'namespaces "blog" not found',
    ],
    [
      "a patch of another name",
      () => api.patch(CART, { metadata: { name: "other" } }),
      400,
      "BadRequest",
      "the name of the object (other) does not match the name on the URL (cart)",
    ],
    [
      "another namespace than the path's",
      () => api.create(OF_SHOP, ingress("cart", "default")),
      400,
      "BadRequest",
      "the namespace of the provided object does not match the namespace sent on the request",
    ],
    [
      "a version on what is to be created",
      () => api.create(OF_SHOP, { ...body, metadata: { ...body.metadata, resourceVersion: "7" } }),
      500,
      "Unknown",
      "resourceVersion should not be set on objects to be created",
    ],
    [
      "a resource that isn't served",
      () => api.get("/apis/networking.k8s.io/v7/ingresses"),
      404,
      "NotFound",
      "the server could not find the requested resource",
    ],
    ["a group that isn't served", () => api.get("/apis/foo.bar/v1"), 404, "Unknown", "the API server answered 404"],
    [
      "a list of a time to come",
      () => api.get(INGRESSES, { resourceVersion: "999999" }),
      504,
      "Timeout",
      "Timeout: Too large resource version: 999999, current: ",
    ],
    [
      "a selector of other fields",
      () => api.get(INGRESSES, { fieldSelector: "spec.x=1" }),
      400,
      "BadRequest",
      '"spec.x=1" is not a known field selector',
    ],
  ];
  for (const [what, ask, status, reason, message] of rows) {
    test(`of ${what}`, async () => {
      server.apply(ingress("cart"));
      await assert.rejects(ask(), (error: ApiError) => {
        assert.deepEqual([error.status, error.reason], [status, reason]);
        assert.ok(error.message.startsWith(message), error.message);
        return true;
      });
    });
  }

  test("of a client without the token", async () => {
    const answer = await fetch(server.url + INGRESSES);
    assert.equal(answer.status, 401);
    assert.equal(((await answer.json()) as { reason: string }).reason, "Unauthorized");
  });
});

describe("Leases", () => {
  const LEASES = "/apis/coordination.k8s.io/v1/namespaces/shop/leases";
  const lease = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "edgress", namespace: "shop" },
    spec: { holderIdentity: "a" },
  };

  test("are only updated where the version is named, and the present one", async () => {
    server.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
    const made = (await api.create(LEASES, lease)) as { metadata: object };
    await assert.rejects(api.replace(`${LEASES}/edgress`, lease), {
      status: 422,
      reason: "Invalid",
      message: /must be specified for an update$/,
    });
    await api.replace(`${LEASES}/edgress`, { ...made, spec: { holderIdentity: "b" } });
    await assert.rejects(api.replace(`${LEASES}/edgress`, { ...made, spec: { holderIdentity: "c" } }), { status: 409 });
    assert.deepEqual(server.objects("Lease", "shop")[0]?.spec, { holderIdentity: "b" });
  });
});

describe("API versions", () => {
  test("are told, and of an Ingress each has its own way of writing a backend", async () => {
    const legacy = await ApiServer.start({ served: ["extensions/v1beta1"] });
    const old = apiOf(connectionsTo(legacy), 1000);
    const service = { name: "shop", port: { number: 80 } };
    const rules = [{ host: "a.example.com", http: { paths: [{ path: "/", backend: { service } }] } }];
    legacy.apply({ ...ingress("cart"), spec: { defaultBackend: { service }, rules } });
    await assert.rejects(old.get("/apis/networking.k8s.io/v1"), { status: 404 });
    const { resources } = (await old.get("/apis/extensions/v1beta1")) as { resources: { name: string }[] };
    assert.deepEqual(
      resources.map(({ name }) => name),
      ["ingresses", "ingresses/status"],
    );
    const got = await old.get("/apis/extensions/v1beta1/namespaces/shop/ingresses/cart");
    const backend = { serviceName: "shop", servicePort: 80 };
    assert.deepEqual((got as { spec: object }).spec, {
      backend,
      rules: [{ host: "a.example.com", http: { paths: [{ path: "/", backend }] } }],
    });
    await legacy.stop();
  });

  test("of one object are the same object", async () => {
    server.apply({ ...ingress("cart"), spec: { defaultBackend: { service: { name: "a", port: { name: "http" } } } } });
    const path = "/apis/extensions/v1beta1/namespaces/shop/ingresses/cart";
    await api.patch(path, { spec: { backend: { servicePort: 8080 } } });
    assert.deepEqual(server.objects("Ingress", "shop")[0]?.spec, {
      defaultBackend: { service: { name: "a", port: { number: 8080 } } },
    });
  });
});

test("a namespace takes along what is in it", async () => {
  server.apply(ingress("cart"));
  server.apply({ apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "front" } });
  const { metadata } = await listed(INGRESSES);
  await api.remove("/api/v1/namespaces/shop");
  assert.deepEqual(await seen(INGRESSES, { resourceVersion: metadata.resourceVersion }, 1), ["DELETED cart"]);
  assert.deepEqual(server.objects("Service", "shop"), []);
});

test("every request is kept, with what it sent", async () => {
  server.apply(ingress("cart"));
  const before = server.requests.length;
  await api.patch(`${CART}/status`, { status: {} });
  await api.get(INGRESSES, { labelSelector: "a in (b,c)" });
  assert.deepEqual(
    server.requests.slice(before).map(({ line, body }) => [line, body]),
    [
      [`PATCH ${CART}/status`, { status: {} }],
      [`GET ${INGRESSES}?labelSelector=a in (b,c)`, undefined],
    ],
  );
});

test("the text of its kubeconfig leads to it", async () => {
  const connections = new Connections();
  connections.loadFromString(server.kubeconfigText);
  assert.equal(((await apiOf(connections).get("/api")) as { kind: string }).kind, "APIVersions");
});

test("it is away for a while and has the same objects after, on the same port", async () => {
  server.apply(ingress("cart"));
  const { url } = server;
  const watch = api.watch(INGRESSES, {}, new AbortController().signal);
  await watch.next();
  await server.stop();
  await assert.rejects(watch.next(), /^Error: watch /);
  await assert.rejects(api.get(CART), /ECONNREFUSED/);
  await server.serve();
  assert.equal(server.url, url);
  await api.get(CART);
});

describe("faults", () => {
  test("answer in the place of the server, so many times", async () => {
    server.apply(ingress("cart"));
    server.strike(/^GET .*\/cart$/, { type: "answer", status: 503, retryAfterSeconds: 1 }, 2);
    await assert.rejects(api.get(CART), { status: 503, reason: "ServiceUnavailable" });
    await assert.rejects(api.get(CART), ApiError);
    await api.get(CART);
  });

  test("end a paged list at its second page", async () => {
    for (const name of ["a", "b"]) server.apply(ingress(name));
    const { metadata } = await listed(INGRESSES, { limit: 1 });
    server.strike(/continue=/, { type: "answer", status: 410 });
    server.strike(/continue=/, { type: "answer", status: 500 });
    const next = { limit: 1, continue: metadata.continue };
    await assert.rejects(listed(INGRESSES, next), { status: 410, reason: "Expired" });
    await assert.rejects(listed(INGRESSES, next), { status: 500, reason: "InternalError" });
    assert.deepEqual(names(await listed(INGRESSES, next)), ["b"]);
  });

  test("leave out what is in a list, and admit it or not", async () => {
    for (const name of ["a", "b", "c"]) server.apply(ingress(name));
    server.strike(/ingresses$/, { type: "short", items: 1, says: "more" });
    const admitted = await listed(INGRESSES);
    assert.deepEqual([names(admitted), admitted.metadata.remainingItemCount], [["a"], 2]);
    assert.equal(admitted.metadata.continue, undefined);
    server.strike(/ingresses$/, { type: "short", items: 0, says: "complete" });
    const silent = await listed(INGRESSES);
    assert.deepEqual([names(silent), silent.metadata.remainingItemCount], [[], undefined]);
  });

  test("let an answer come late, of what was done at once", async () => {
    server.apply(ingress("cart"));
    server.strike(/^PATCH/, { type: "late", byMs: 200 });
    let answered = false;
    const patched = api.patch(CART, { metadata: { labels: { team: "red" } } }).then(() => {
      answered = true;
    });
    while (server.objects("Ingress", "shop")[0]?.metadata.labels?.team !== "red") await sleep(5);
    assert.equal(answered, false);
    await patched;
  });

  test("tell events twice, again and late", async () => {
    const { metadata } = server.apply(ingress("a"));
    const { resourceVersion } = metadata;
    server.strike(/watch=true/, { type: "twice" });
    const twice = await seen(INGRESSES, { resourceVersion }, 2, () => server.apply(ingress("b")));
    assert.deepEqual(twice, ["ADDED b", "ADDED b"]);
    server.compact();
    for (const name of ["a", "b"]) server.apply(ingress(name, "shop", { team: "red" }));
    const again = await seen(
      INGRESSES,
      { resourceVersion: (await listed(INGRESSES)).metadata.resourceVersion },
      2,
      () => {
        assert.equal(server.strikeWatches(/watch=true/, { type: "stale" }), 1);
      },
    );
    assert.deepEqual(again, ["MODIFIED b", "MODIFIED a"]);
    server.strike(/watch=true/, { type: "slow", byMs: 200 });
    const from = performance.now();
    await seen(INGRESSES, { resourceVersion: "0" }, 1);
    assert.ok(performance.now() - from >= 200);
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
