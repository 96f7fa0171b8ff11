import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { buildIngressManifest, buildManifests, withNginxPrefix } from "../support/manifests.ts";
import { sendRequest } from "../support/worker/http-requests.ts";
import { type OriginServer, startOriginServer } from "../support/worker/origins.ts";
import { startWorkerHarness, type WorkerHarness } from "../support/worker/worker-harness.ts";

/** Names of properties that every object inherits. */
const NAMES = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];
const USERS = NAMES.map((name) => `${name}:{PLAIN}right\n`).join("");

let edge: WorkerHarness;
let shop: OriginServer;
let next: OriginServer;
let gate: OriginServer;
let clientCount = 0;

/** Returns an object with a property of each name. An object literal would set its prototype. */
function withOwnNames(value: string): Record<string, string> {
  return JSON.parse(JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, value])))) as Record<string, string>;
}

before(async () => {
  edge = await startWorkerHarness();
  shop = await startOriginServer("203.0.113.10:80", edge.stack);
  next = await startOriginServer("203.0.113.11:80", edge.stack);
  gate = await startOriginServer("203.0.113.12:80", edge.stack);
  const guard = (name: string) => ({ "auth-type": "basic", "auth-secret": name });
  const canary = (index: number) => ({ canary: "true", "canary-by-header": NAMES[index] ?? "" });
  const cookieCanary = (index: number) => ({ canary: "true", "canary-by-cookie": NAMES[index] ?? "" });
  await edge.publish([
    ...buildManifests(
      {
        open: {},
        empty: { annotations: guard("empty") },
        keys: { annotations: { ...guard("keys"), "auth-secret-type": "auth-map" } },
        named: { annotations: guard("named") },
        ...Object.fromEntries(
          NAMES.flatMap((_, index) => [
            [`split${index}`, {}],
            [`split${index}-canary`, { service: "next", annotations: canary(index) }],
            [`cookie${index}`, {}],
            [`cookie${index}-canary`, { service: "next", annotations: cookieCanary(index) }],
          ]),
        ),
        auth: {
          annotations: {
            "auth-url": "http://gate.default.svc/",
            "auth-response-headers": NAMES.join(", "),
            "auth-proxy-set-headers": "default/headers",
          },
        },
        variables: { annotations: { "rewrite-target": "/$arg_constructor/$cookie_constructor/$http_constructor" } },
      },
      { shop: ["203.0.113.10"], next: ["203.0.113.11"], gate: ["203.0.113.12"] },
    ),
    buildIngressManifest("path", "path.example.com", { "/__proto__": "shop", "/constructor": "shop" }),
    buildIngressManifest("label", "__proto__.example.com", { "/": "shop" }, withNginxPrefix(guard("empty"))),
    { apiVersion: "v1", kind: "Secret", metadata: { name: "empty" }, stringData: { auth: "ann:{PLAIN}right\n" } },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "keys" }, stringData: withOwnNames("{PLAIN}right") },
    { apiVersion: "v1", kind: "Secret", metadata: { name: "named" }, stringData: { auth: USERS } },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "headers" }, data: withOwnNames("set") },
  ]);
});

after(async () => {
  await edge.close();
  await Promise.all([shop, next, gate].map(({ close }) => close()));
});

/** Sends a request of a new client, because wrong passwords are limited. */
async function fetchStatus(url: string, headers: readonly (readonly [string, string])[] = []): Promise<number> {
  const address = `2001:db8:0:${(++clientCount).toString(16)}::1`;
  return (await sendRequest(edge, url, { headers: [["CF-Connecting-IP", address], ...headers] })).status;
}

const asUser = (name: string, password: string) => [["Authorization", `Basic ${btoa(`${name}:${password}`)}`]] as const;

describe("A name that every object inherits", { timeout: 60_000 }, () => {
  for (const name of NAMES) {
    test(`The user ${name} passes with the right password only, and only if the Secret has the name`, async () => {
      for (const password of ["", "wrong", "undefined", "function", "[object Object]"]) {
        for (const host of ["empty", "keys", "named", "__proto__"])
          assert.equal(await fetchStatus(`http://${host}.example.com/`, asUser(name, password)), 401, host);
      }
      assert.equal(await fetchStatus("http://empty.example.com/", asUser(name, "right")), 401);
      // A Secret's key `__proto__` is dropped, so its user does not exist.
      const keyStatus = name === "__proto__" ? 401 : 200;
      assert.equal(await fetchStatus("http://keys.example.com/", asUser(name, "right")), keyStatus);
      assert.equal(await fetchStatus("http://named.example.com/", asUser(name, "right")), 200);
    });

    test(`The host ${name} has no rules`, async () => {
      for (const host of [name, `${name}.example.org`]) assert.equal(await fetchStatus(`http://${host}/`), 404);
      assert.equal(await fetchStatus(`http://path.example.com/x/${name}`), 404);
    });

    test(`The header and the cookie ${name} select a canary only if the client sends them`, async () => {
      const index = NAMES.indexOf(name);
      const backendOf = async (host: string, headers: readonly (readonly [string, string])[] = []) => {
        for (const { requests } of [shop, next]) requests.length = 0;
        await fetchStatus(`http://${host}${index}.example.com/`, headers);
        return [shop.requests.length, next.requests.length];
      };
      assert.deepEqual(await backendOf("split"), [1, 0]);
      assert.deepEqual(await backendOf("cookie"), [1, 0]);
      assert.deepEqual(await backendOf("split", [[name, "always"]]), [0, 1]);
      assert.deepEqual(await backendOf("cookie", [["Cookie", `${name}=always`]]), [0, 1]);
    });
  }

  test("An authentication service cannot set a header that only a prototype has", async () => {
    gate.respond = (response) => void response.writeHead(200).end();
    shop.requests.length = 0;
    assert.equal(await fetchStatus("http://auth.example.com/"), 200);
    const names = Object.keys(shop.requests[0]?.headers ?? {});
    assert.deepEqual(
      names.filter((name) => NAMES.map((own) => own.toLowerCase()).includes(name)),
      [],
    );
  });

  test("A variable with the name of an inherited property is empty", async () => {
    shop.requests.length = 0;
    await fetchStatus("http://variables.example.com/a");
    assert.equal(shop.requests[0]?.path, "///");
  });
});
