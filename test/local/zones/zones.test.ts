import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Cloudflare from "cloudflare";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { type AccountReply, callAccount } from "../../support/account/call-account.ts";

let account: LocalAccount;
const call = (line: string, body?: object): Promise<AccountReply> => callAccount(account, line, body);
const names = ({ result }: AccountReply) => result.map(({ name }: { name: string }) => name);
const manyZones = Array.from({ length: 21 }, (_, i) => `zone${i}.example.net`);

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com", "deep.example.com", ...manyZones], storage });
});
after(() => account.close());

test("A list of zones has 20 zones a page, and up to 50 if the query has per_page", async () => {
  assert.equal((await call("GET /zones")).result.length, 20);
  assert.equal((await call("GET /zones?page=2")).result.length, 3);
  assert.equal((await call("GET /zones?per_page=50")).result.length, 23);
  assert.equal((await call("GET /zones?per_page=5&page=5")).result.length, 3);
});

test("A per_page below 5 or above 50 is refused in a list of zones", async () => {
  assert.equal((await call("GET /zones?per_page=4")).status, 400);
  assert.equal((await call("GET /zones?per_page=51")).status, 400);
  assert.equal((await call("GET /zones?per_page=many")).status, 400);
});

test("The client sends one request more than a list of zones has pages", async () => {
  account.requests.length = 0;
  const client = new Cloudflare({ apiToken: account.token, baseURL: account.baseURL });
  const listed: string[] = [];
  for await (const { name } of client.zones.list({ name: "example.com" })) listed.push(name);
  assert.deepEqual(listed, ["example.com"]);
  assert.deepEqual(
    account.requests.map(({ path }) => path),
    ["/zones", "/zones"],
  );
});

test("A list of zones has filters for name, status, type and account", async () => {
  account.zoneStore.change("zone1.example.net", { status: "pending" });
  assert.deepEqual(names(await call("GET /zones?status=pending")), ["zone1.example.net"]);
  assert.deepEqual(names(await call("GET /zones?name=Example.com")), ["example.com"]);
  assert.deepEqual(names(await call("GET /zones?name=ends_with:example.com")), ["example.com", "deep.example.com"]);
  assert.deepEqual(names(await call("GET /zones?type=partial")), []);
  assert.deepEqual(names(await call(`GET /zones?account.id=${"0".repeat(32)}`)), []);
  assert.deepEqual(names(await call("GET /zones?match=any&name=example.com&status=pending")), [
    "example.com",
    "zone1.example.net",
  ]);
});

test("An internal zone is listed only if the query has its type", async () => {
  account.zoneStore.change("zone2.example.net", { type: "internal" });
  assert.deepEqual(names(await call("GET /zones?name=zone2.example.net")), []);
  assert.deepEqual(names(await call("GET /zones?name=zone2.example.net&type=internal")), ["zone2.example.net"]);
});

test("A zone shows its status, pause, type, plan and account", async () => {
  account.zoneStore.change("zone3.example.net", { status: "moved", paused: true, type: "partial", plan: "free" });
  const id = account.zoneStore.list().find(({ name }) => name === "zone3.example.net")?.id;
  const { status, paused, type, plan, account: owner } = (await call(`GET /zones/${id}`)).result;
  assert.deepEqual(
    { status, paused, type, plan: plan.legacy_id, account: owner.id },
    { status: "moved", paused: true, type: "partial", plan: "free", account: account.accountId },
  );
});

test("A zone id that is unknown is a 404 with code 7003", async () => {
  const { status, codes } = await call(`GET /zones/${"0".repeat(32)}`);
  assert.deepEqual({ status, codes }, { status: 404, codes: [7003] });
});

test("Zone settings are read and changed one by one, with values of the setting only", async () => {
  const settings = `/zones/${account.zoneIds[0]}/settings`;
  assert.equal((await call(`GET ${settings}/ssl`)).result.value, "full");
  assert.equal((await call(`PATCH ${settings}/ssl`, { value: "strict" })).result.value, "strict");
  assert.equal((await call(`GET ${settings}/ssl`)).result.value, "strict");
  assert.equal((await call(`GET ${settings}/min_tls_version`)).result.value, "1.0");
  assert.equal((await call(`PATCH ${settings}/min_tls_version`, { value: "1.2" })).result.value, "1.2");
  assert.deepEqual((await call(`PATCH ${settings}/ssl`, { value: "most" })).codes, [1007]);
  assert.deepEqual((await call(`GET ${settings}/toString`)).codes, [1006]);
});

test("Entitlements show the limits of the zone's plan", async () => {
  const allocations = async (zone: string) => {
    const id = account.zoneStore.list().find(({ name }) => name === zone)?.id;
    const { result } = await call(`GET /zones/${id}/entitlements`);
    return result.map(({ allocation }: { allocation: { value: number } }) => allocation.value);
  };
  assert.deepEqual(await allocations("example.com"), [3500, 500, 20]);
  account.zoneStore.change("zone4.example.net", { plan: "free" });
  assert.deepEqual(await allocations("zone4.example.net"), [200, 100, 0]);
});

test("Of nested zones, the active zone with the longest name is the zone of a host", () => {
  assert.equal(account.zoneStore.findActive("app.deep.example.com")?.name, "deep.example.com");
  assert.equal(account.zoneStore.findActive("app.example.com")?.name, "example.com");
  assert.equal(account.zoneStore.findActive("notexample.com"), undefined);
  account.zoneStore.change("deep.example.com", { status: "pending" });
  assert.equal(account.zoneStore.findActive("app.deep.example.com")?.name, "example.com");
});
