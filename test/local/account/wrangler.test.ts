import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { type LocalAccount, startAccount } from "../../../sync/local/account/account.ts";
import { findServedVersion } from "../../../sync/local/account/workers/script-model.ts";
import { runWrangler, writeProject } from "../../support/account/run-wrangler.ts";

let account: LocalAccount;
let folder: string;

before(async () => {
  const storage = () => {
    throw new Error("no storage");
  };
  account = await startAccount({ zones: ["example.com"], storage });
  folder = await mkdtemp(path.join(tmpdir(), "edgress-wrangler-"));
  await writeProject(folder, {
    "index.js": "export class Limiter {}\nexport default { fetch: () => new Response() };\n",
    "wrangler.toml": `
name = "edge"
main = "index.js"
compatibility_date = "2026-11-17"
workers_dev = false
preview_urls = false
kv_namespaces = [{ binding = "RULES", id = "${account.namespaceId}" }]
durable_objects.bindings = [{ name = "LIMITER", class_name = "Limiter" }]
migrations = [{ tag = "limiter", new_sqlite_classes = ["Limiter"] }]
analytics_engine_datasets = [{ binding = "ANALYTICS", dataset = "edgress" }]
vars = { MODE = "fast" }
observability = { enabled = true }
`,
  });
});
after(async () => {
  await account.close();
  await rm(folder, { recursive: true });
});

/** Runs wrangler, which must succeed. Returns its output. */
async function wrangler(parameters: readonly string[], input?: string): Promise<string> {
  const { exitCode, output } = await runWrangler(account, folder, parameters, input);
  assert.equal(exitCode, 0, output);
  return output;
}

test("`wrangler deploy` uploads the modules, bindings and settings, and deploys again without losing secrets", async () => {
  await wrangler(["deploy"]);
  await wrangler(["secret", "put", "TOKEN"], "hidden");
  await wrangler(["deploy"]);
  const script = account.scripts.get("edge");
  assert.ok(script);
  const version = findServedVersion(script);
  assert.deepEqual(
    version?.modules.map(({ name, type }) => [name, type]),
    [["index.js", "application/javascript+module"]],
  );
  assert.deepEqual(
    version?.bindings.map((binding) => JSON.stringify(binding)),
    [
      '{"name":"MODE","type":"plain_text","text":"fast"}',
      `{"name":"RULES","type":"kv_namespace","namespace_id":"${account.namespaceId}"}`,
      '{"name":"LIMITER","type":"durable_object_namespace","class_name":"Limiter"}',
      '{"name":"ANALYTICS","type":"analytics_engine","dataset":"edgress"}',
      '{"name":"TOKEN","type":"secret_text","text":"hidden"}',
    ],
  );
  assert.deepEqual(script.subdomain, { enabled: false, previews_enabled: false });
  assert.deepEqual(script.settings.observability, { enabled: true });
  assert.equal(script.migrationTag, "limiter");
  assert.equal(script.deployments[0]?.source, "wrangler");
});

test("`wrangler versions` deploys two versions by share, and `wrangler secret put` is refused meanwhile", async () => {
  await wrangler(["deploy"]);
  const former = account.scripts.get("edge")?.versions[0]?.id;
  await wrangler(["versions", "upload", "--message", "candidate"]);
  const refused = await runWrangler(account, folder, ["secret", "put", "TOKEN"], "other");
  assert.equal(refused.exitCode, 1);
  assert.match(refused.output, /the latest version of your Worker isn't currently deployed/);
  const candidate = account.scripts.get("edge")?.versions[0]?.id;
  await wrangler(["versions", "deploy", `${former}@90%`, `${candidate}@10%`, "--yes"]);
  assert.deepEqual(account.scripts.get("edge")?.deployments[0]?.versions, [
    { version_id: former, percentage: 90 },
    { version_id: candidate, percentage: 10 },
  ]);
  const listed = JSON.parse(await wrangler(["versions", "list", "--json"]));
  assert.equal(listed.at(-1).annotations["workers/message"], "candidate");
});

test("`wrangler secret bulk` sets and removes secrets, and `wrangler secret list` shows their names", async () => {
  await wrangler(["deploy"]);
  await writeProject(folder, { "secrets.json": '{"TOKEN": null, "A": "1", "B": "2"}' });
  await wrangler(["secret", "bulk", "secrets.json"]);
  assert.deepEqual(JSON.parse(await wrangler(["secret", "list"])), [
    { name: "A", type: "secret_text" },
    { name: "B", type: "secret_text" },
  ]);
});
