import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { runWrangler, writeProject } from "../../support/account/run-wrangler.ts";
import { startZoneAccount } from "../../support/account/zone-account.ts";

const CONFIGURATION = `
name = "edge"
main = "index.js"
compatibility_date = "2026-11-17"
workers_dev = false
preview_urls = false
`;

test("`wrangler deploy` keeps the routes of the zone without routes in its file, and deletes other routes with them", async (context) => {
  const { account } = await startZoneAccount();
  const folder = await mkdtemp(path.join(tmpdir(), "edgress-wrangler-routes-"));
  context.after(() => rm(folder, { recursive: true }));
  const deploy = async (configuration: string) => {
    const script = "export default { fetch: () => new Response() };\n";
    await writeProject(folder, { "index.js": script, "wrangler.toml": configuration });
    const { exitCode, output } = await runWrangler(account, folder, ["deploy"]);
    assert.equal(exitCode, 0, output);
  };
  const patterns = () => account.routes.list("example.com").map(({ pattern, script }) => `${pattern} ${script}`);

  await deploy(CONFIGURATION);
  account.routes.save("example.com", { pattern: "shop.example.com/*", script: "edge" });
  account.routes.save("example.com", { pattern: "static.example.com/*", script: undefined });
  await deploy(CONFIGURATION);
  assert.deepEqual(patterns(), ["shop.example.com/* edge", "static.example.com/* undefined"]);
  await deploy(`${CONFIGURATION}routes = [{ pattern = "new.example.com/*", zone_name = "example.com" }]\n`);
  assert.deepEqual(patterns(), ["static.example.com/* undefined", "new.example.com/* edge"]);
});
