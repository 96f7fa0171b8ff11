import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { startPublishAccount } from "../../support/cli/publish-command.ts";
import { buildShopManifest } from "../../support/cli/shop-manifest.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";

const { edge, environment, folder, listWritesSince } = await startPublishAccount();
const file = join(folder, "shop.yaml");
const planFile = join(folder, "plan.json");
const inputs = ["--manifests", file];

async function write(paths: readonly string[], annotations: readonly string[] = []): Promise<void> {
  await writeFile(file, buildShopManifest(paths, annotations));
}

function run(...args: readonly string[]) {
  return runEdgress(args, environment);
}

/** Replaces what differs between runs. */
function normalize(text: string): string[] {
  return text
    .trimEnd()
    .replace(/edgress-[0-9a-f]{24}/g, "edgress-…")
    .replace(/[\d.]+ KiB/g, "… KiB")
    .split("\n");
}

describe("edgress plan and apply", () => {
  test("edgress plan shows hosts, routes, records and KV writes with their Ingress, and writes nothing", async () => {
    await write(["/"]);
    const { code, stdout, stderr } = await run("plan", ...inputs);
    assert.deepEqual(normalize(stdout), [
      "+ host shop.bar.com",
      "  + prefix / of default/shop (shop.yaml:1)",
      "      backend: default/web:80",
      "      addresses of default/web:80: http port 80: 203.0.113.11",
      "+ DNS record edgress-….bar.com A 203.0.113.11",
      "changes: hosts +1 ~0 -0, routes +1 ~0 -0, DNS records +1 ~0 -0",
      "kv: 4 writes, … KiB: 0.4 % of the Free plan's 1,000 writes a day",
      "plan: would publish 1 host; generation 0 is active",
    ]);
    assert.deepEqual([code, stderr, listWritesSince(0)], [2, "", []]);
  });

  test("edgress apply carries out a plan file", async () => {
    assert.equal((await run("plan", ...inputs, "--out", planFile)).code, 2);
    const { code, stdout } = await run("apply", planFile);
    assert.match(stdout, /^published generation=1 digest=[0-9a-f]{64} writes=4$/m);
    assert.equal(code, 0);
    assert.equal((await sendRequest(edge, "http://shop.bar.com/a")).body, "service 1 /a");
    const plan = await run("plan", ...inputs);
    assert.deepEqual(normalize(plan.stdout), [
      "kv: 0 writes, … KiB: 0.0 % of the Free plan's 1,000 writes a day",
      "plan: nothing to change; generation 1 is active",
    ]);
    assert.equal(plan.code, 0);
    const history = JSON.parse((await run("show", "1", "--format", "json")).stdout);
    assert.equal(history.author.command, "apply");
  });

  test("edgress apply refuses a plan if the published state has moved since", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stderr } = await run("apply", planFile);
    assert.equal(
      stderr,
      "edgress: the plan is out of date: the published generation is 1, and was 0. Nothing was written; run `edgress plan` again\n",
    );
    assert.deepEqual([code, listWritesSince(from)], [1, []]);
  });

  test("edgress apply refuses a plan if its inputs compile to other rules", async () => {
    await write(["/", "/cart"]);
    await run("plan", ...inputs, "--out", planFile);
    await write(["/", "/other"]);
    const from = edge.stack.account.requests.length;
    const { code, stderr } = await run("apply", planFile);
    assert.match(stderr, /the plan is out of date: the inputs compile to other rules\./);
    assert.deepEqual([code, listWritesSince(from)], [1, []]);
  });

  test("edgress apply refuses a plan file that somebody has changed", async () => {
    const text = await readFile(planFile, "utf8");
    const changedFile = join(folder, "changed.json");
    await writeFile(changedFile, text.replace("maxRemovedHosts", "maxRemovedHostX"));
    const { code, stderr } = await run("apply", changedFile);
    assert.equal(
      stderr,
      `edgress: plan is invalid: ${changedFile}. It is not from \`edgress plan --out\` with this EDGRESS_SIGNING_KEY\n`,
    );
    assert.equal(code, 2);
  });

  test("edgress apply without a file plans and asks, and publishes nothing without a terminal", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await run("apply", ...inputs);
    assert.match(stdout, /^ {2}\+ prefix \/other of default\/shop \(shop\.yaml:1\)$/m);
    assert.equal(
      stderr,
      "edgress: confirmation needs a terminal. To publish without a question, save the plan with `edgress plan --out`, and apply the file\n",
    );
    assert.deepEqual([code, listWritesSince(from)], [2, []]);
  });

  test("edgress plan shows a changed policy before and after, as JSON too", async () => {
    await write(["/"], ["whitelist-source-range: 198.51.100.0/24"]);
    const { code, stdout } = await run("plan", ...inputs, "--json");
    const plan = JSON.parse(stdout);
    assert.deepEqual(plan.hosts[0].routes[0].fields, [
      { field: "authorization", after: '{"any":false,"sourceRange":{"allow":["198.51.100.0/24"]}}' },
    ]);
    assert.deepEqual(
      [code, plan.result, plan.sources, plan.kv.writes],
      [2, "would-change", { "default/shop": "shop.yaml:1" }, 3],
    );
  });

  test("edgress plan exits with 1 for an error, and for a folder that does not exist", async () => {
    await write(["no-slash"]);
    assert.equal((await run("plan", ...inputs)).code, 1);
    assert.equal((await run("plan", "--manifests", join(folder, "none"))).code, 1);
  });
});
