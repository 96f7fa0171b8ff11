import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, beforeEach, test } from "node:test";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { type AccountReply, buildUpload, callAccount } from "../../support/account/call-account.ts";

const SOURCE = 'export default { fetch: () => new Response("one") };';

let account: LocalAccount;
const call = (line: string, body?: object): Promise<AccountReply> => callAccount(account, line, body);

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com"], storage });
});
after(() => account.close());
beforeEach(() => account.scripts.remove("edge"));

/** Uploads a script and returns the id of its version. */
async function upload(metadata: object = {}): Promise<string> {
  const { status } = await call("PUT /workers/scripts/edge", buildUpload(SOURCE, metadata));
  assert.equal(status, 200);
  return newestVersion();
}

async function newestVersion(): Promise<string> {
  return (await call("GET /workers/scripts/edge/versions")).result.items[0].id;
}

test("Every call for an unknown script is a 404 with code 10007", async () => {
  const lines = [
    "GET /workers/services/edge",
    "GET /workers/workers/edge",
    "GET /workers/scripts/edge/settings",
    "GET /workers/scripts/edge/script-settings",
    "GET /workers/scripts/edge/versions",
    "GET /workers/scripts/edge/deployments",
    "GET /workers/scripts/edge/secrets",
    "GET /workers/scripts/edge/subdomain",
    "DELETE /workers/scripts/edge",
    "DELETE /workers/services/edge",
  ];
  for (const line of lines) {
    const { status, codes } = await call(line);
    assert.deepEqual({ line, status, codes }, { line, status: 404, codes: [10007] });
  }
  const secret = { name: "TOKEN", text: "a", type: "secret_text" };
  assert.deepEqual((await call("PUT /workers/scripts/edge/secrets", secret)).codes, [10007]);
  assert.deepEqual((await call("POST /workers/scripts/edge/versions", buildUpload(SOURCE))).codes, [10007]);
});

test("An upload is listed with its bindings, and never with the value of a secret", async () => {
  const bindings = [
    { name: "MODE", type: "plain_text", text: "fast" },
    { name: "TOKEN", type: "secret_text", text: "hidden" },
  ];
  const id = await upload({ bindings });
  const expected = [
    { name: "MODE", type: "plain_text", text: "fast" },
    { name: "TOKEN", type: "secret_text" },
  ];
  assert.deepEqual((await call("GET /workers/scripts/edge/settings")).result.bindings, expected);
  assert.deepEqual((await call(`GET /workers/scripts/edge/versions/${id}`)).result.resources.bindings, expected);
  assert.deepEqual((await call("GET /workers/scripts/edge/secrets")).result, [{ name: "TOKEN", type: "secret_text" }]);
  assert.deepEqual(
    (await call("GET /workers/scripts")).result.map(({ id }: { id: string }) => id),
    ["edge"],
  );
});

test("An upload that is invalid is rejected with the code of its fault", async () => {
  const reject = async (form: object) => (await call("PUT /workers/scripts/edge", form)).codes;
  assert.deepEqual(await reject({ main_module: "index.js" }), [10001]);
  assert.deepEqual(await reject(buildUpload(SOURCE, { main_module: 7 })), [10021]);
  assert.deepEqual(await reject(buildUpload(SOURCE, { main_module: "other.js" })), [10068]);
  assert.deepEqual(await reject(buildUpload(SOURCE, {}, { type: "text/html" })), [10068]);
  assert.deepEqual(await reject(buildUpload(`// ${randomBytes(11 * 1024 ** 2).toString("base64")}`)), [10027]);
  const bind = (binding: object) => reject(buildUpload(SOURCE, { bindings: [{ name: "B", ...binding }] }));
  assert.deepEqual(await bind({ type: "kv_namespace", namespace_id: "my-id" }), [10042]);
  assert.deepEqual(await bind({ type: "kv_namespace", namespace_id: "0".repeat(32) }), [10041]);
  assert.deepEqual(await bind({ type: "durable_object_namespace", class_name: "Limiter" }), [10061]);
  assert.deepEqual(await bind({ type: "inherit" }), [10057]);
  assert.equal(account.scripts.get("edge"), undefined);
});

test("A migration creates a class once, and its tag must be the stored one", async () => {
  const bindings = [{ name: "LIMITER", type: "durable_object_namespace", class_name: "Limiter" }];
  const migrations = { new_tag: "one", steps: [{ new_sqlite_classes: ["Limiter"] }] };
  await upload({ bindings, migrations });
  const { script } = (await call("GET /workers/services/edge")).result.default_environment;
  assert.equal(script.migration_tag, "one");
  const again = await call("PUT /workers/scripts/edge", buildUpload(SOURCE, { migrations }));
  assert.deepEqual(again.codes, [10079]);
  const sameClass = { ...migrations, old_tag: "one", new_tag: "two" };
  const twice = await call("PUT /workers/scripts/edge", buildUpload(SOURCE, { migrations: sameClass }));
  assert.deepEqual(twice.codes, [10074]);
  await upload({ bindings });
});

test("A secret is set in a new version that is deployed at once", async () => {
  const first = await upload();
  const { status } = await call("PUT /workers/scripts/edge/secrets", { name: "A", text: "1", type: "secret_text" });
  const second = await newestVersion();
  const [deployment] = (await call("GET /workers/scripts/edge/deployments")).result.deployments;
  assert.equal(status, 200);
  assert.notEqual(first, second);
  assert.deepEqual(deployment.versions, [{ version_id: second, percentage: 100 }]);
  assert.equal(deployment.annotations["workers/triggered_by"], "secret");
});

test("A secret is not set while the newest version is not deployed: 10215, and 10214 for bindings", async () => {
  await upload();
  await call("POST /workers/scripts/edge/versions", buildUpload(SOURCE));
  const secret = { name: "A", text: "1", type: "secret_text" };
  assert.deepEqual((await call("PUT /workers/scripts/edge/secrets", secret)).codes, [10215]);
  const bulk = { secrets: { A: secret, B: null } };
  assert.deepEqual((await call("PATCH /workers/scripts/edge/secrets-bulk", bulk)).codes, [10215]);
  const form = new FormData();
  form.set("settings", JSON.stringify({ bindings: [] }));
  assert.deepEqual((await call("PATCH /workers/scripts/edge/settings", form)).codes, [10214]);
  assert.deepEqual((await call("PATCH /workers/scripts/edge/settings", { bindings: [] })).codes, [10001]);
});

test("Secrets survive an upload that keeps them, and an unknown one cannot be removed", async () => {
  await upload({ bindings: [{ name: "TOKEN", type: "secret_text", text: "hidden" }] });
  await upload({ keep_bindings: ["secret_text"] });
  assert.deepEqual((await call("GET /workers/scripts/edge/secrets")).result, [{ name: "TOKEN", type: "secret_text" }]);
  assert.deepEqual((await call("DELETE /workers/scripts/edge/secrets/OTHER")).codes, [10056]);
  assert.equal((await call("DELETE /workers/scripts/edge/secrets/TOKEN")).status, 200);
  await upload();
  assert.deepEqual((await call("GET /workers/scripts/edge/secrets")).result, []);
});

test("The account has at most 500 Workers", async () => {
  const names = Array.from({ length: 500 }, (_, index) => `w${index}`);
  const template = await callAccount(account, "PUT /workers/scripts/w0", buildUpload(SOURCE));
  assert.equal(template.status, 200);
  const script = account.scripts.get("w0");
  assert.ok(script);
  for (const name of names) await account.scripts.save({ ...script, name });
  assert.deepEqual((await call("PUT /workers/scripts/edge", buildUpload(SOURCE))).codes, [10037]);
  for (const name of names) await account.scripts.remove(name);
});
