import assert from "node:assert/strict";
import { test } from "node:test";
import { createHostHandler } from "../../src/load/host-handler.ts";
import type { Exchange } from "../../src/request/exchange.ts";
import type { HostRules, Route } from "../../src/rules/snapshot.ts";
import { stubExchange } from "../support/worker/sample-exchanges.ts";

const CALLER = { namespace: "bob", ingress: "web", identityHeaders: ["Authorization"] };
const ADDRESS = "198.51.100.7";

function buildRoute(namespace: string, when?: Route["when"]): Route {
  const path = { type: "prefix", path: "/" } as const;
  return { id: `${namespace}/web#0.0`, path, ...(when && { when }), backend: `${namespace}/app:80`, policies: {} };
}

const RULES: HostRules = {
  host: "a.example.com",
  policies: {},
  routes: [
    buildRoute("alice", { headers: [{ name: "x-canary", value: "1" }] }),
    buildRoute("alice", { headers: [{ name: "authorization", pattern: "^(?:Basic .*)$" }] }),
    buildRoute("bob", { query: [{ name: "q", value: "1" }] }),
    buildRoute("alice", { headers: [{ name: "x-long", pattern: "^(?:a+)$", maxBytes: 1024 }] }),
    buildRoute("bob"),
  ],
  backends: {},
};

/** Sends a subrequest of bob. Returns the status or the namespace of its route, the client, and the Authorization header. */
async function sendSubrequest(headers: Record<string, string>, query = ""): Promise<string> {
  const forwarded: Exchange[] = [];
  const handler = createHostHandler(RULES, () => async (exchange) => {
    forwarded.push(exchange);
    return { response: new Response("origin"), outcome: "routed" };
  });
  const exchange = stubExchange(`http://a.example.com/${query}`, headers);
  const { response } = await handler({ ...exchange, clientIp: ADDRESS, caller: CALLER });
  const [sent] = forwarded;
  return sent
    ? [sent.labels.namespace, sent.clientIp, sent.request.headers.get("Authorization")].join(" ")
    : String(response.status);
}

test("A subrequest is that of an unknown client if its conditions match a route of another namespace", async () => {
  assert.equal(await sendSubrequest({ "X-Canary": "1", Authorization: "Bearer x" }), "alice namespace bob ");
});

test("A subrequest keeps its client if its conditions match a route of its own namespace", async () => {
  assert.equal(await sendSubrequest({ Authorization: "Bearer x" }), `bob ${ADDRESS} Bearer x`);
  assert.equal(await sendSubrequest({ Authorization: "Bearer x" }, "?q=1"), `bob ${ADDRESS} Bearer x`);
});

test("An unknown client's request matches without the headers that identify the visitor", async () => {
  assert.equal(await sendSubrequest({ Authorization: "Basic x" }), "bob namespace bob ");
});

test("A subrequest with a header that is too long for a regex is rejected", async () => {
  assert.equal(await sendSubrequest({ "X-Long": "a".repeat(1025) }), "431");
});
