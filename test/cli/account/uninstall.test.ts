import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { createApiClient } from "../../../sync/cloudflare/client.ts";
import { createKv } from "../../../sync/cloudflare/kv.ts";
import { NO_FENCE } from "../../../sync/publish/guard/write-fence.ts";
import { createRegistryStore } from "../../../sync/publish/hosts/registry-store.ts";
import { buildHostComment } from "../../../sync/publish/hosts/zone-view.ts";
import { createSigner } from "../../../sync/publish/sign-manifest.ts";
import { readVariables, type Variables } from "../../../sync/setup/keys/variable-file.ts";
import { type SetupWorld, startSetupWorld } from "../../support/setup/setup-world.ts";

let world: SetupWorld;
const SINCE = "2026-11-28T00:00:00.000Z";

before(async () => {
  world = await startSetupWorld();
});
after(() => world.close());

function openClient() {
  const { baseURL, token, zoneIds, accountId } = world.cloudflare.account;
  const client = createApiClient({ apiToken: token, baseURL });
  return { client, accountId, zone: { id: zoneIds[0] ?? "", name: "example.com" } };
}

/** Creates a record and a route of a host, and returns their ids. */
async function createHost(host: string, comment: string | undefined, script: string) {
  const { client, zone } = openClient();
  const record = { type: "AAAA", name: host, content: "100::", proxied: true, ttl: 1 } as const;
  const { id } = await client.dns.records.create({ ...record, zone_id: zone.id, ...(comment && { comment }) });
  const route = await client.workers.routes.create({ zone_id: zone.id, pattern: `${host}/*`, script });
  return { record: id, route: route.id };
}

/** Writes the registry of `edgress sync --manage-hosts`. */
async function register(host: string, ids: { readonly record: string; readonly route: string }, variables: Variables) {
  const { client, accountId, zone } = openClient();
  const kv = createKv(client, accountId, variables.EDGRESS_KV_NAMESPACE_ID ?? "");
  const signer = createSigner(variables.EDGRESS_SIGNING_KEY ?? "");
  const records = [{ id: ids.record, name: host, since: SINCE }];
  const routes = [{ id: ids.route, pattern: `${host}/*`, script: "edgress", since: SINCE }];
  await createRegistryStore(kv, signer, signer).write(zone, { records, routes, certificates: [] }, NO_FENCE);
}

async function listAccount() {
  const { client, accountId, zone } = openClient();
  const records = (await client.dns.records.list({ zone_id: zone.id })).result.map(({ name }) => name);
  const routes = (await client.workers.routes.list({ zone_id: zone.id })).result.map(({ pattern }) => pattern);
  const namespaces = (await client.kv.namespaces.list({ account_id: accountId })).result.map(({ title }) => title);
  const scripts = world.cloudflare.account.scripts.list().map(({ name }) => name);
  return { records, routes, namespaces, scripts };
}

test("`uninstall` prints and removes exactly what is ours, and leaves the account as it was before `init`", async () => {
  const { client, zone } = openClient();
  const mail = { type: "A", name: "mail.example.com", content: "203.0.113.99", ttl: 1 } as const;
  await client.dns.records.create({ ...mail, zone_id: zone.id });
  await client.workers.routes.create({ zone_id: zone.id, pattern: "off.example.com/*" });
  const before = await listAccount();

  const init = await world.run(["init", "--yes"]);
  assert.equal(init.code, 0, init.stdout + init.stderr);
  const variables = await readVariables(join(world.folder, ".edgress/production/edgress.env"));
  const comment = buildHostComment("edgress", variables.EDGRESS_KV_NAMESPACE_ID ?? "");
  await register("shop.example.com", await createHost("shop.example.com", comment, "edgress"), variables);

  const expected = [
    "- DNS record shop.example.com AAAA 100::",
    "- route shop.example.com/*",
    "- Worker edgress with its secrets and Durable Objects",
    "- KV namespace edgress-rules with all its keys",
    "- folder .edgress/production with the keys",
  ];
  const dryRun = await world.run(["uninstall", "--dry-run"]);
  assert.equal(dryRun.code, 2, dryRun.stderr);
  assert.deepEqual(
    dryRun.stdout.split("\n").filter((line) => line.startsWith("- ")),
    expected,
  );
  const withoutAnswer = await world.run(["uninstall"]);
  assert.equal(withoutAnswer.code, 2);
  assert.equal(withoutAnswer.stderr, "edgress: nothing was removed. Set --yes\n");

  world.cloudflare.account.faults = {
    ...world.cloudflare.account.faults,
    serverErrors: 20,
    requestPattern: /^DELETE .*\/workers\/scripts\/edgress$/,
  };
  const interrupted = await world.run(["uninstall", "--yes"]);
  assert.equal(interrupted.code, 1);
  assert.match(interrupted.stdout, /^removed route shop\.example\.com\/\*$/m);
  world.cloudflare.account.faults = { ...world.cloudflare.account.faults, serverErrors: 0 };

  const removed = await world.run(["uninstall", "--yes"]);
  assert.equal(removed.code, 0, removed.stdout + removed.stderr);
  assert.doesNotMatch(removed.stdout, /shop\.example\.com/);
  assert.deepEqual(await listAccount(), before);
  await assert.rejects(access(join(world.folder, ".edgress")));
});
