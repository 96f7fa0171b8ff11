import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { type AccountReply, buildUpload, callAccount } from "../../support/account/call-account.ts";

const SOURCE = "export default { fetch: () => new Response() };";

let account: LocalAccount;
const call = (line: string, body?: object): Promise<AccountReply> => callAccount(account, line, body);

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com"], storage });
});
after(() => account.close());
beforeEach(async () => {
  await account.scripts.remove("edge");
  await call("PUT /workers/scripts/edge", buildUpload(SOURCE));
});

async function uploadVersion(metadata: object = {}): Promise<string> {
  return (await call("POST /workers/scripts/edge/versions", buildUpload(SOURCE, metadata))).result.id;
}

async function deploy(shares: Readonly<Record<string, number>>, query = ""): Promise<AccountReply> {
  const versions = Object.entries(shares).map(([version_id, percentage]) => ({ version_id, percentage }));
  return call(`POST /workers/scripts/edge/deployments${query}`, { strategy: "percentage", versions });
}

test("A gradual deployment has one or two versions whose shares sum to 100", async () => {
  const [one, two, three] = [await uploadVersion(), await uploadVersion(), await uploadVersion()];
  assert.equal((await deploy({ [one]: 90, [two]: 10 })).status, 200);
  assert.equal((await deploy({ [one]: 99.5, [two]: 0.5 })).status, 200);
  assert.equal((await deploy({ [one]: 100, [two]: 0 })).status, 200);
  assert.deepEqual((await deploy({ [one]: 90, [two]: 9 })).codes, [10021]);
  assert.deepEqual((await deploy({ [one]: 110, [two]: -10 })).codes, [10021]);
  assert.deepEqual((await deploy({ [one]: 50, [two]: 25, [three]: 25 })).codes, [10021]);
  assert.deepEqual((await deploy({})).codes, [10021]);
  assert.deepEqual((await deploy({ "no-such-version": 100 })).codes, [100146]);
  assert.deepEqual((await call("POST /workers/scripts/edge/deployments", { strategy: "all" })).codes, [10021]);
});

test("Only the 100 newest versions can be deployed", async () => {
  const oldest = await uploadVersion();
  for (let index = 0; index < 99; index++) await uploadVersion();
  assert.equal((await deploy({ [oldest]: 100 })).status, 200);
  await uploadVersion();
  assert.deepEqual((await deploy({ [oldest]: 100 })).codes, [100146]);
  const { items } = (await call("GET /workers/scripts/edge/versions?deployable=true")).result;
  assert.equal(items.length, 100);
  assert.equal((await call("GET /workers/scripts/edge/versions?page=5&per_page=25")).result.items.length, 2);
});

test("A rollback over a changed secret is refused with 10220, except by force", async () => {
  const bindings = [{ name: "TOKEN", type: "secret_text", text: "old" }];
  const withOldSecret = await uploadVersion({ bindings });
  await deploy({ [withOldSecret]: 100 });
  await call("PUT /workers/scripts/edge/secrets", { name: "TOKEN", text: "new", type: "secret_text" });
  assert.deepEqual((await deploy({ [withOldSecret]: 100 })).codes, [10220]);
  assert.equal((await deploy({ [withOldSecret]: 100 }, "?force=true")).status, 200);
});

test("Deployments are listed newest first, and the active one cannot be deleted", async () => {
  const version = await uploadVersion();
  const { result } = await deploy({ [version]: 100 });
  const { deployments } = (await call("GET /workers/scripts/edge/deployments")).result;
  const [active, former] = deployments.map(({ id }: { id: string }) => id);
  assert.equal(deployments.length, 2);
  assert.equal(active, result.id);
  assert.deepEqual((await call(`GET /workers/scripts/edge/deployments/${active}`)).result.versions, [
    { version_id: version, percentage: 100 },
  ]);
  assert.equal((await call(`DELETE /workers/scripts/edge/deployments/${active}`)).status, 400);
  assert.equal((await call(`DELETE /workers/scripts/edge/deployments/${former}`)).status, 200);
  assert.deepEqual((await call(`GET /workers/scripts/edge/deployments/${former}`)).codes, [10336]);
  assert.deepEqual((await call("GET /workers/scripts/edge/versions/none")).codes, [100146]);
});

test("The account has no workers.dev name until it registers one, and a script answers there only if enabled", async () => {
  assert.deepEqual((await call("GET /workers/subdomain")).codes, [10007]);
  assert.deepEqual((await call("GET /workers/subdomains/team")).codes, [10032]);
  await call("PUT /workers/subdomain", { subdomain: "team" });
  assert.deepEqual((await call("GET /workers/subdomain")).result, { subdomain: "team" });
  assert.deepEqual((await call("GET /workers/subdomains/team")).codes, [10031]);
  const isEnabled = { enabled: true, previews_enabled: false };
  assert.deepEqual((await call("GET /workers/scripts/edge/subdomain")).result, {
    enabled: false,
    previews_enabled: false,
  });
  assert.deepEqual((await call("POST /workers/scripts/edge/subdomain", isEnabled)).result, isEnabled);
  assert.deepEqual((await call("GET /workers/workers/edge")).result.subdomain, isEnabled);
});
