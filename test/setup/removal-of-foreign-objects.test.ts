import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { createApiClient } from "../../sync/cloudflare/client.ts";
import { createKv } from "../../sync/cloudflare/kv.ts";
import { buildRecordLabel } from "../../sync/compile/backends/origin-record-names.ts";
import { type LocalAccount, startAccount } from "../../sync/local/account/account.ts";
import { createMemoryValues } from "../../sync/local/account/kv/namespace-storage.ts";
import { createSigner } from "../../sync/publish/sign-manifest.ts";
import { releaseNamespace } from "../../sync/publish/state/state.ts";
import { readAccountContent } from "../../sync/setup/removal/read-content.ts";
import { describeRemoval, planRemoval } from "../../sync/setup/removal/removal-plan.ts";
import type { SetupSettings } from "../../sync/setup/settings.ts";
import { buildUpload, callAccount } from "../support/account/call-account.ts";
import { KEYS } from "../support/publish/signing.ts";
import { buildSettings } from "../support/setup/sample-facts.ts";

const VARIABLES = { EDGRESS_SIGNING_KEY: KEYS.privateKey, EDGRESS_VERIFYING_KEY: KEYS.publicKey };
const SOURCE = 'export default { fetch: () => new Response("") };';
const WORKER = "Worker edgress with its secrets and Durable Objects";

const startedAccounts: LocalAccount[] = [];
after(() => Promise.all(startedAccounts.map(({ close }) => close())));
let account: LocalAccount;

/** An account with our Worker and our KV namespace, which has a state with our signature. */
beforeEach(async () => {
  const values = createMemoryValues();
  account = await startAccount({ zones: ["example.com"], storage: () => values });
  startedAccounts.push(account);
  await upload("edgress", [{ name: "EDGRESS_VERIFYING_KEY", type: "plain_text", text: KEYS.publicKey }]);
  await releaseNamespace(openKv(), createSigner(KEYS.privateKey));
});

function openKv() {
  return createKv(openClient(), account.accountId, account.namespaceId);
}

function openClient() {
  return createApiClient({ apiToken: account.token, baseURL: account.baseURL, timings: { maxAttempts: 1 } });
}

async function call(line: string, body?: object): Promise<void> {
  const { status, codes } = await callAccount(account, line, body);
  assert.equal(status, 200, `${line}: ${codes}`);
}

function upload(script: string, bindings: readonly object[]): Promise<void> {
  return call(`PUT /workers/scripts/${script}`, buildUpload(SOURCE, { bindings }));
}

async function plan(changes: Partial<SetupSettings> = {}) {
  const settings = buildSettings({ accountId: account.accountId, namespaceId: account.namespaceId, ...changes });
  const { removals, kept } = planRemoval(await readAccountContent(openClient(), settings, VARIABLES));
  return { removals: removals.map(describeRemoval), kept };
}

test("A KV namespace with our signature and nothing else is removed with the Worker", async () => {
  const { removals, kept } = await plan();
  assert.deepEqual(kept, []);
  assert.deepEqual(removals, [WORKER, `KV namespace ${await findTitle()} with all its keys`]);
});

async function findTitle(): Promise<string> {
  const { result } = await callAccount(account, "GET /storage/kv/namespaces");
  return result.find(({ id }: { id: string }) => id === account.namespaceId).title;
}

test("A KV namespace with keys of another application stays", async () => {
  await openKv().put([{ key: "sessions/1", value: "theirs" }]);
  const { removals, kept } = await plan();
  assert.deepEqual(kept, [`KV namespace ${await findTitle()}: it has keys of others, such as sessions/1`]);
  assert.deepEqual(removals, [WORKER]);
});

test("A KV namespace without our signature stays", async () => {
  await openKv().remove(["state"]);
  await openKv().put([{ key: "current", value: "theirs" }]);
  assert.deepEqual((await plan()).kept, [`KV namespace ${await findTitle()}: it has no rules with our signature`]);
});

test("A KV namespace that existed before the set-up stays", async () => {
  assert.deepEqual((await plan({ isNamespaceAdopted: true })).kept, [
    `KV namespace ${await findTitle()}: it existed before the set-up; delete it yourself if nothing needs it`,
  ]);
});

test("A KV namespace that another Worker has as a binding stays", async () => {
  await upload("reports", [{ name: "RULES", type: "kv_namespace", namespace_id: account.namespaceId }]);
  assert.deepEqual((await plan()).kept, [`KV namespace ${await findTitle()}: the Worker reports uses it`]);
});

test("Origin records of a controller with another KV namespace stay", async () => {
  const name = `${buildRecordLabel("203.0.113.10")}.example.com`;
  const record = { type: "A", name, content: "203.0.113.10", proxied: true };
  await call(`POST /zones/${account.zoneIds[0]}/dns_records`, {
    ...record,
    comment: "edgress: origin record 00000000",
  });
  assert.deepEqual(
    (await plan()).removals.filter((line) => line.startsWith("DNS record")),
    [],
  );
});

test("A Worker with a custom domain stays", async () => {
  await call("PUT /workers/domains", { hostname: "api.example.com", service: "edgress" });
  assert.deepEqual((await plan()).kept, [
    "Worker edgress: its custom domain api.example.com is not ours; remove it first",
    `KV namespace ${await findTitle()}: it has the list of what is left`,
  ]);
});

test("A Worker stays while the routes of a zone are not readable", async () => {
  account.faults = { ...account.faults, serverErrors: 1, requestPattern: /^GET .*\/workers\/routes$/ };
  const { removals, kept } = await plan();
  assert.deepEqual(removals, []);
  assert.match(kept[0] ?? "", /^Worker edgress: the routes of zone example\.com are not readable \(.*\)$/);
});
