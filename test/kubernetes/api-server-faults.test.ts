import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiError } from "../../sync/kubernetes/client.ts";
import { buildLabeledIngress, CART, INGRESSES, listNames } from "../support/api-server/client.ts";
import { startTestApi } from "../support/api-server/test-api.ts";

const { server, api, listIngresses, collectEvents } = await startTestApi();

describe("faults", () => {
  test("The test server can replace a number of responses", async () => {
    server.apply(buildLabeledIngress("cart"));
    server.injectFault(/^GET .*\/cart$/, { type: "answer", status: 503, retryAfterSeconds: 1 }, 2);
    await assert.rejects(api.get(CART), { status: 503, reason: "ServiceUnavailable" });
    await assert.rejects(api.get(CART), ApiError);
    await api.get(CART);
  });

  test("The test server can end a paged list at its second page", async () => {
    for (const name of ["a", "b"]) server.apply(buildLabeledIngress(name));
    const { metadata } = await listIngresses(INGRESSES, { limit: 1 });
    server.injectFault(/continue=/, { type: "answer", status: 410 });
    server.injectFault(/continue=/, { type: "answer", status: 500 });
    const next = { limit: 1, continue: metadata.continue };
    await assert.rejects(listIngresses(INGRESSES, next), { status: 410, reason: "Expired" });
    await assert.rejects(listIngresses(INGRESSES, next), { status: 500, reason: "InternalError" });
    assert.deepEqual(listNames(await listIngresses(INGRESSES, next)), ["b"]);
  });

  test("The test server can omit items of a list, with or without a remaining count", async () => {
    for (const name of ["a", "b", "c"]) server.apply(buildLabeledIngress(name));
    server.injectFault(/ingresses$/, { type: "short", items: 1, remainder: "more" });
    const admittedList = await listIngresses(INGRESSES);
    assert.deepEqual([listNames(admittedList), admittedList.metadata.remainingItemCount], [["a"], 2]);
    assert.equal(admittedList.metadata.continue, undefined);
    server.injectFault(/ingresses$/, { type: "short", items: 0, remainder: "complete" });
    const silentList = await listIngresses(INGRESSES);
    assert.deepEqual([listNames(silentList), silentList.metadata.remainingItemCount], [[], undefined]);
  });

  test("The test server can respond late to a request that it has executed", async () => {
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

  test("The test server can send events twice, again and late", async () => {
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

  test("The test server can delay a response or close its connection", async () => {
    server.injectFault(/ingresses$/, { type: "hang" });
    await assert.rejects(api.get(INGRESSES), {
      message: `Kubernetes API: GET ${INGRESSES}: no response within 500 ms`,
    });
    server.injectFault(/ingresses$/, { type: "close" });
    await assert.rejects(api.get(INGRESSES), { message: `Kubernetes API: GET ${INGRESSES}: other side closed` });
    server.injectFault(/ingresses$/, { type: "truncate" });
    await assert.rejects(api.get(INGRESSES), { message: `Kubernetes API: GET ${INGRESSES}: other side closed` });
  });

  test("The test server can forbid requests", async () => {
    server.forbid(/secrets/);
    await assert.rejects(api.get("/api/v1/namespaces/shop/secrets"), {
      status: 403,
      message:
        'secrets is forbidden: User "edgress" cannot list resource "secrets" in API group "" in the namespace "shop"',
    });
  });
});
