import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { type AccountReply, buildUpload, callAccount } from "../../support/account/call-account.ts";

let account: LocalAccount;
const call = (line: string, body?: object | string): Promise<AccountReply> => callAccount(account, line, body);
let routes: string;

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com", "deep.example.com", "example.net"], storage });
  routes = `/zones/${account.zoneIds[0]}/workers/routes`;
  for (const name of ["edge", "other"])
    await call(`PUT /workers/scripts/${name}`, buildUpload('export default { fetch: () => new Response("") };'));
});
after(() => account.close());
beforeEach(() => {
  for (const zone of account.zones) account.routes.remove(zone, () => true);
});

const create = (pattern: string, script?: string) => call(`POST ${routes}`, { pattern, script });
const patterns = () => account.routes.list("example.com").map(({ pattern, script }) => `${pattern} ${script}`);

test("A route is created, read, changed and deleted by its id", async () => {
  const { id } = (await create("App.Example.com/*", "edge")).result;
  const route = { id, pattern: "app.example.com/*", script: "edge" };
  assert.deepEqual((await call(`GET ${routes}/${id}`)).result, route);
  assert.deepEqual((await call(`PUT ${routes}/${id}`, { pattern: "app.example.com/a*" })).result, {
    id,
    pattern: "app.example.com/a*",
  });
  assert.deepEqual((await call(`DELETE ${routes}/${id}`)).result, { id });
  assert.deepEqual((await call(`GET ${routes}`)).result, []);
});

test("A route id that is unknown is a 404 with code 10009", async () => {
  for (const method of ["GET", "PUT", "DELETE"]) {
    const { status, codes } = await call(`${method} ${routes}/${"0".repeat(32)}`, method === "PUT" ? {} : undefined);
    assert.deepEqual({ status, codes }, { status: 404, codes: [10009] });
  }
});

test("A second route with the same pattern is refused with code 10020, whatever its script", async () => {
  await create("app.example.com/*", "edge");
  assert.deepEqual((await create("app.example.com/*", "other")).codes, [10020]);
  assert.deepEqual((await create("APP.example.com/*")).codes, [10020]);
  const { id } = (await create("app.example.com/a")).result;
  assert.deepEqual((await call(`PUT ${routes}/${id}`, { pattern: "app.example.com/*" })).codes, [10020]);
});

test("A route for a script that the account does not have is refused with code 10019", async () => {
  assert.deepEqual((await create("app.example.com/*", "absent")).codes, [10019]);
});

test("A route right after the upload of its script may be refused with code 10019 once", async () => {
  account.routes.faults.unseenScripts = 1;
  assert.deepEqual((await create("app.example.com/*", "edge")).codes, [10019]);
  assert.equal((await create("app.example.com/*", "edge")).status, 200);
});

test("The routes have a rate limit of their own, with code 10429", async () => {
  account.routes.faults.rateLimits = 1;
  const { status, codes } = await call(`GET ${routes}`);
  assert.deepEqual({ status, codes }, { status: 429, codes: [10429] });
  assert.equal((await call(`GET ${routes}`)).status, 200);
});

test("A pattern with a wildcard inside, a query, a port or a host outside the zone is refused with code 10022", async () => {
  const invalid = ["a.*.example.com/*", "app*.example.com/*", "app.example.com/*.jpg", "app.example.com/?a=*"];
  const foreign = [
    "app.example.net/*",
    "example.org/*",
    "notexample.com/*",
    "app.example.com:8080/*",
    "",
    "app.example.com*",
  ];
  for (const pattern of [...invalid, ...foreign, "ftp://app.example.com/*"])
    assert.deepEqual({ pattern, codes: (await create(pattern, "edge")).codes }, { pattern, codes: [10022] });
});

test("A pattern may start with a scheme or a wildcard, and a host may be in Unicode", async () => {
  for (const pattern of [
    "https://a.example.com/*",
    "*example.com/*",
    "*.example.com/a*",
    "*/*",
    "bücher.example.com/*",
  ])
    assert.equal((await create(pattern, "edge")).status, 200, pattern);
  assert.ok(patterns().includes("xn--bcher-kva.example.com/* edge"));
});

test("A zone has up to 1,000 routes, and lists all of them in one answer", async () => {
  for (let i = 0; i < 1000; i += 1)
    account.routes.save("example.com", { pattern: `h${i}.example.com/*`, script: "edge" });
  assert.equal((await call(`GET ${routes}?per_page=5`)).result.length, 1000);
  assert.equal((await create("more.example.com/*", "edge")).status, 400);
});

test("Setting the routes of a script deletes its other routes in every zone, and no other script's", async () => {
  await create("old.example.com/*", "edge");
  await create("theirs.example.com/*", "other");
  await create("none.example.com/*");
  account.routes.save("example.net", { pattern: "example.net/*", script: "edge" });
  const body = [{ pattern: "new.example.com/*", zone_name: "example.com" }];
  assert.equal((await call("PUT /workers/scripts/edge/routes", body)).status, 200);
  assert.deepEqual(patterns(), [
    "theirs.example.com/* other",
    "none.example.com/* undefined",
    "new.example.com/* edge",
  ]);
  assert.deepEqual(account.routes.list("example.net"), []);
});

test("Setting the routes of a script changes nothing if one of them is refused", async () => {
  await create("old.example.com/*", "edge");
  const body = [{ pattern: "new.example.com/*" }, { pattern: "new.example.org/*" }];
  assert.equal((await call("PUT /workers/scripts/edge/routes", body)).status, 400);
  assert.deepEqual(patterns(), ["old.example.com/* edge"]);
});

test("The most specific route of a zone wins: its host decides before its path", () => {
  const rows: [string, string, string][] = [
    ["*.example.com/*", "app.example.com/*", "https://app.example.com/"],
    ["*.example.com/a", "a.example.com/*", "https://a.example.com/a"],
    ["app.example.com/*", "app.example.com/api/*", "https://app.example.com/api/v1?q=1"],
    ["example.com/images/*", "example.com/images*", "https://example.com/images/hello"],
    ["app.example.com/*", "https://app.example.com/*", "https://app.example.com/"],
  ];
  for (const [loser, winner, url] of rows) {
    account.routes.remove("example.com", () => true);
    for (const pattern of [loser, winner]) account.routes.save("example.com", { pattern, script: undefined });
    assert.equal(account.routes.find("example.com", new URL(url))?.pattern, winner);
  }
});

test("A wildcard before a name matches the name too, and a wildcard label does not", () => {
  const find = (url: string) => account.routes.find("example.com", new URL(url))?.pattern;
  account.routes.save("example.com", { pattern: "*.example.com/*", script: "edge" });
  assert.equal(find("https://example.com/"), undefined);
  assert.equal(find("https://a.b.example.com/"), "*.example.com/*");
  account.routes.save("example.com", { pattern: "*example.com/*", script: "edge" });
  assert.equal(find("https://example.com/"), "*example.com/*");
});
