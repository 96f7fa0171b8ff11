import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  ApiError,
  createKubernetesClient,
  type KubernetesClient,
  type Query,
  type WatchEvent,
} from "../../sync/kubernetes/client.ts";
import { Connections } from "../../sync/kubernetes/connections.ts";
import { ApiServer } from "../support/api-server.ts";

const INGRESSES = "/apis/networking.k8s.io/v1/ingresses";
const SHOP_INGRESSES = "/apis/networking.k8s.io/v1/namespaces/shop/ingresses";
const CART = `${SHOP_INGRESSES}/cart`;

interface IngressList {
  readonly metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number };
  readonly items: { metadata: { name: string; resourceVersion: string } }[];
}

let server: ApiServer;
let api: KubernetesClient;

before(async () => {
  server = await ApiServer.start();
  api = createKubernetesClient(createConnections(server), 500);
});
after(() => server.stop());
afterEach(() => {
  server.clearFaults();
  for (const name of ["shop", "blog"]) server.remove("Namespace", undefined, name);
});

function createConnections({ kubeconfig }: ApiServer): Connections {
  const connections = new Connections();
  connections.loadFromOptions(kubeconfig);
  return connections;
}

function buildLabeledIngress(name: string, namespace = "shop", labels: Record<string, string> = {}) {
  return { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata: { name, namespace, labels } };
}

async function listIngresses(path: string, query: Query = {}): Promise<IngressList> {
  return (await api.get(path, query)) as IngressList;
}

function listNames({ items }: IngressList): string[] {
  return items.map(({ metadata }) => metadata.name);
}

/** The first `count` events of a watch, as "TYPE name". */
async function collectEvents(
  path: string,
  query: Query,
  count: number,
  act: () => unknown = () => {},
): Promise<string[]> {
  const abortController = new AbortController();
  const lines: string[] = [];
  const requestsBefore = server.requests.length;
  const action = waitForWatch(requestsBefore).then(act);
  for await (const event of api.watch(path, query, abortController.signal)) {
    lines.push(formatEvent(event));
    if (lines.length === count) abortController.abort();
  }
  await action;
  return lines;
}

function formatEvent({ type, object }: WatchEvent): string {
  const { metadata, code } = object as { metadata?: { name?: string }; code?: number };
  return [type, metadata?.name ?? code].filter((part) => part !== undefined).join(" ");
}

/** Once a watch is open that was asked for after the first `count` requests. */
async function waitForWatch(count: number): Promise<void> {
  while (!server.requests.slice(count).some(({ query }) => query.watch === "true")) await sleep(5);
}

describe("lists", () => {
  test("come in pages of one version, whatever is written between them", async () => {
    for (const name of ["a", "b", "c"]) server.apply(buildLabeledIngress(name));
    const first = await listIngresses(INGRESSES, { limit: 2 });
    assert.deepEqual(listNames(first), ["a", "b"]);
    assert.equal(first.metadata.remainingItemCount, 1);
    server.apply(buildLabeledIngress("aa"));
    server.remove("Ingress", "shop", "c");
    const second = await listIngresses(INGRESSES, { limit: 2, continue: first.metadata.continue });
    assert.deepEqual(listNames(second), ["c"]);
    assert.equal(second.metadata.continue, undefined);
    assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
    assert.deepEqual(listNames(await listIngresses(INGRESSES)), ["a", "aa", "b"]);
  });

  test("lose their next page when the past is forgotten", async () => {
    for (const name of ["a", "b"]) server.apply(buildLabeledIngress(name));
    const first = await listIngresses(INGRESSES, { limit: 1 });
    server.compact();
    await assert.rejects(listIngresses(INGRESSES, { limit: 1, continue: first.metadata.continue }), {
      status: 410,
      reason: "Expired",
    });
  });

  test("are of one namespace, of labels, or of a name", async () => {
    server.apply(buildLabeledIngress("a", "shop", { team: "red" }));
    server.apply(buildLabeledIngress("b", "shop", { team: "blue" }));
    server.apply(buildLabeledIngress("a", "blog"));
    assert.deepEqual(listNames(await listIngresses(INGRESSES)), ["a", "a", "b"]);
    assert.deepEqual(listNames(await listIngresses(SHOP_INGRESSES)), ["a", "b"]);
    assert.deepEqual(listNames(await listIngresses(INGRESSES, { labelSelector: "team=red" })), ["a"]);
    assert.deepEqual(listNames(await listIngresses(INGRESSES, { labelSelector: "team in (red, blue),team" })), [
      "a",
      "b",
    ]);
    assert.deepEqual(listNames(await listIngresses(SHOP_INGRESSES, { labelSelector: "team!=red" })), ["b"]);
    assert.deepEqual(listNames(await listIngresses(SHOP_INGRESSES, { fieldSelector: "metadata.name=b" })), ["b"]);
  });
});

describe("watches", () => {
  test("tell what happened since a version, and then what happens", async () => {
    const { metadata } = server.apply(buildLabeledIngress("a"));
    server.apply(buildLabeledIngress("b"));
    const lines = await collectEvents(INGRESSES, { resourceVersion: metadata.resourceVersion }, 3, () => {
      server.apply(buildLabeledIngress("a"));
      server.remove("Ingress", "shop", "b");
    });
    assert.deepEqual(lines, ["ADDED b", "MODIFIED a", "DELETED b"]);
  });

  test("call deleted what no longer has the labels", async () => {
    const { metadata } = server.apply(buildLabeledIngress("a", "shop", { team: "red" }));
    const query = { resourceVersion: metadata.resourceVersion, labelSelector: "team=red" };
    const lines = await collectEvents(INGRESSES, query, 2, () => {
      server.apply(buildLabeledIngress("a", "shop", { team: "blue" }));
      server.apply(buildLabeledIngress("a", "shop", { team: "red" }));
    });
    assert.deepEqual(lines, ["DELETED a", "ADDED a"]);
  });

  test("from a version that is forgotten are an ERROR event, and over", async () => {
    const { metadata } = server.apply(buildLabeledIngress("a"));
    server.compact();
    const lines = await collectEvents(INGRESSES, { resourceVersion: metadata.resourceVersion }, 2);
    assert.deepEqual(lines, ["ERROR 410"]);
  });
});

describe("writes", () => {
  test("are refused where the version isn't the present one", async () => {
    const { metadata } = server.apply(buildLabeledIngress("cart"));
    server.apply(buildLabeledIngress("cart", "shop", { team: "red" }));
    const late = { metadata: { resourceVersion: metadata.resourceVersion, labels: { team: "blue" } } };
    await assert.rejects(api.patch(CART, late), { status: 409, reason: "Conflict" });
    await assert.rejects(api.replace(CART, { ...buildLabeledIngress("cart"), ...late }), { status: 400 });
    await assert.rejects(api.create(SHOP_INGRESSES, buildLabeledIngress("cart")), {
      status: 409,
      reason: "AlreadyExists",
    });
  });

  test("of a status take the status and the annotations, and nothing of the spec", async () => {
    server.apply({ ...buildLabeledIngress("cart"), spec: { ingressClassName: "edgress" } });
    await api.patch(`${CART}/status`, {
      metadata: { annotations: { "edgress.dev/live-generation": "7" } },
      spec: { ingressClassName: "other" },
      status: { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } },
    });
    const [{ metadata, spec, status } = buildLabeledIngress("none") as Record<string, unknown>] = server.objects(
      "Ingress",
      "shop",
    );
    assert.deepEqual((metadata as { annotations: object }).annotations, { "edgress.dev/live-generation": "7" });
    assert.deepEqual(spec, { ingressClassName: "edgress" });
    assert.deepEqual(status, { loadBalancer: { ingress: [{ hostname: "edge.example.com" }] } });
  });

  test("that change nothing are no new version", async () => {
    const before = server.apply(buildLabeledIngress("cart", "shop", { team: "red" }));
    const after = (await api.patch(CART, { metadata: { labels: { team: "red" } } })) as typeof before;
    assert.equal(after.metadata.resourceVersion, before.metadata.resourceVersion);
  });
});

describe("refusals", () => {
  const body = buildLabeledIngress("cart");
  const rows: [string, () => Promise<unknown>, number, string, string][] = [
    [
      "an object that isn't there",
      () => api.get(`${SHOP_INGRESSES}/none`),
      404,
      "NotFound",
      'ingresses.networking.k8s.io "none" not found',
    ],
    [
      "a namespace that isn't there",
      () => api.create("/apis/networking.k8s.io/v1/namespaces/blog/ingresses", buildLabeledIngress("cart", "blog")),
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
      () => api.create(SHOP_INGRESSES, buildLabeledIngress("cart", "default")),
      400,
      "BadRequest",
      "the namespace of the provided object does not match the namespace sent on the request",
    ],
    [
      "a version on what is to be created",
      () => api.create(SHOP_INGRESSES, { ...body, metadata: { ...body.metadata, resourceVersion: "7" } }),
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
    [
      "a group that isn't served",
      () => api.get("/apis/foo.bar/v1"),
      404,
      "Unknown",
      "the API server responded with status 404",
    ],
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
  for (const [condition, sendRequest, status, reason, message] of rows) {
    test(`of ${condition}`, async () => {
      server.apply(buildLabeledIngress("cart"));
      await assert.rejects(sendRequest(), (error: ApiError) => {
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
    const createdLease = (await api.create(LEASES, lease)) as { metadata: object };
    await assert.rejects(api.replace(`${LEASES}/edgress`, lease), {
      status: 422,
      reason: "Invalid",
      message: /must be specified for an update$/,
    });
    await api.replace(`${LEASES}/edgress`, { ...createdLease, spec: { holderIdentity: "b" } });
    await assert.rejects(api.replace(`${LEASES}/edgress`, { ...createdLease, spec: { holderIdentity: "c" } }), {
      status: 409,
    });
    assert.deepEqual(server.objects("Lease", "shop")[0]?.spec, { holderIdentity: "b" });
  });
});

describe("API versions", () => {
  test("are told, and of an Ingress each has its own way of writing a backend", async () => {
    const legacy = await ApiServer.start({ servedVersions: ["extensions/v1beta1"] });
    const legacyClient = createKubernetesClient(createConnections(legacy), 1000);
    const service = { name: "shop", port: { number: 80 } };
    const rules = [{ host: "a.example.com", http: { paths: [{ path: "/", backend: { service } }] } }];
    legacy.apply({ ...buildLabeledIngress("cart"), spec: { defaultBackend: { service }, rules } });
    await assert.rejects(legacyClient.get("/apis/networking.k8s.io/v1"), { status: 404 });
    const { resources } = (await legacyClient.get("/apis/extensions/v1beta1")) as { resources: { name: string }[] };
    assert.deepEqual(
      resources.map(({ name }) => name),
      ["ingresses", "ingresses/status"],
    );
    const ingress = await legacyClient.get("/apis/extensions/v1beta1/namespaces/shop/ingresses/cart");
    const backend = { serviceName: "shop", servicePort: 80 };
    assert.deepEqual((ingress as { spec: object }).spec, {
      backend,
      rules: [{ host: "a.example.com", http: { paths: [{ path: "/", backend }] } }],
    });
    await legacy.stop();
  });

  test("of one object are the same object", async () => {
    server.apply({
      ...buildLabeledIngress("cart"),
      spec: { defaultBackend: { service: { name: "a", port: { name: "http" } } } },
    });
    const path = "/apis/extensions/v1beta1/namespaces/shop/ingresses/cart";
    await api.patch(path, { spec: { backend: { servicePort: 8080 } } });
    assert.deepEqual(server.objects("Ingress", "shop")[0]?.spec, {
      defaultBackend: { service: { name: "a", port: { number: 8080 } } },
    });
  });
});

test("a namespace takes along what is in it", async () => {
  server.apply(buildLabeledIngress("cart"));
  server.apply({ apiVersion: "v1", kind: "Service", metadata: { namespace: "shop", name: "front" } });
  const { metadata } = await listIngresses(INGRESSES);
  await api.remove("/api/v1/namespaces/shop");
  assert.deepEqual(await collectEvents(INGRESSES, { resourceVersion: metadata.resourceVersion }, 1), ["DELETED cart"]);
  assert.deepEqual(server.objects("Service", "shop"), []);
});

test("every request is kept, with what it sent", async () => {
  server.apply(buildLabeledIngress("cart"));
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
  assert.equal(((await createKubernetesClient(connections).get("/api")) as { kind: string }).kind, "APIVersions");
});

test("it is away for a while and has the same objects after, on the same port", async () => {
  server.apply(buildLabeledIngress("cart"));
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
    server.apply(buildLabeledIngress("cart"));
    server.injectFault(/^GET .*\/cart$/, { type: "answer", status: 503, retryAfterSeconds: 1 }, 2);
    await assert.rejects(api.get(CART), { status: 503, reason: "ServiceUnavailable" });
    await assert.rejects(api.get(CART), ApiError);
    await api.get(CART);
  });

  test("end a paged list at its second page", async () => {
    for (const name of ["a", "b"]) server.apply(buildLabeledIngress(name));
    const { metadata } = await listIngresses(INGRESSES, { limit: 1 });
    server.injectFault(/continue=/, { type: "answer", status: 410 });
    server.injectFault(/continue=/, { type: "answer", status: 500 });
    const next = { limit: 1, continue: metadata.continue };
    await assert.rejects(listIngresses(INGRESSES, next), { status: 410, reason: "Expired" });
    await assert.rejects(listIngresses(INGRESSES, next), { status: 500, reason: "InternalError" });
    assert.deepEqual(listNames(await listIngresses(INGRESSES, next)), ["b"]);
  });

  test("leave out what is in a list, and admit it or not", async () => {
    for (const name of ["a", "b", "c"]) server.apply(buildLabeledIngress(name));
    server.injectFault(/ingresses$/, { type: "short", items: 1, remainder: "more" });
    const admittedList = await listIngresses(INGRESSES);
    assert.deepEqual([listNames(admittedList), admittedList.metadata.remainingItemCount], [["a"], 2]);
    assert.equal(admittedList.metadata.continue, undefined);
    server.injectFault(/ingresses$/, { type: "short", items: 0, remainder: "complete" });
    const silentList = await listIngresses(INGRESSES);
    assert.deepEqual([listNames(silentList), silentList.metadata.remainingItemCount], [[], undefined]);
  });

  test("let an answer come late, of what was done at once", async () => {
    server.apply(buildLabeledIngress("cart"));
    server.injectFault(/^PATCH/, { type: "late", byMs: 200 });
    let answered = false;
    const patched = api.patch(CART, { metadata: { labels: { team: "red" } } }).then(() => {
      answered = true;
    });
    while (server.objects("Ingress", "shop")[0]?.metadata.labels?.team !== "red") await sleep(5);
    assert.equal(answered, false);
    await patched;
  });

  test("tell events twice, again and late", async () => {
    const { metadata } = server.apply(buildLabeledIngress("a"));
    const { resourceVersion } = metadata;
    server.injectFault(/watch=true/, { type: "twice" });
    const twice = await collectEvents(INGRESSES, { resourceVersion }, 2, () => server.apply(buildLabeledIngress("b")));
    assert.deepEqual(twice, ["ADDED b", "ADDED b"]);
    server.compact();
    for (const name of ["a", "b"]) server.apply(buildLabeledIngress(name, "shop", { team: "red" }));
    const again = await collectEvents(
      INGRESSES,
      { resourceVersion: (await listIngresses(INGRESSES)).metadata.resourceVersion },
      2,
      () => {
        assert.equal(server.injectWatchFault(/watch=true/, { type: "stale" }), 1);
      },
    );
    assert.deepEqual(again, ["MODIFIED b", "MODIFIED a"]);
    server.injectFault(/watch=true/, { type: "slow", byMs: 200 });
    const from = performance.now();
    await collectEvents(INGRESSES, { resourceVersion: "0" }, 1);
    assert.ok(performance.now() - from >= 200);
  });

  test("hold an answer back, or close its connection", async () => {
    server.injectFault(/ingresses$/, { type: "hang" });
    await assert.rejects(api.get(INGRESSES), {
      message: `GET ${INGRESSES}: no response from the API server within 500 ms`,
    });
    server.injectFault(/ingresses$/, { type: "close" });
    await assert.rejects(api.get(INGRESSES), { message: `GET ${INGRESSES}: other side closed` });
    server.injectFault(/ingresses$/, { type: "truncate" });
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
