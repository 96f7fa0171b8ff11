import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runEdgress } from "../../support/cli/edge-cli.ts";
import { startPublishAccount } from "../../support/cli/publish-command.ts";
import { buildShopManifest } from "../../support/cli/shop-manifest.ts";
import { waitFor } from "../../support/wait-for.ts";
import { sendRequest } from "../../support/worker/http-requests.ts";

const { edge, environment: account, listWritesSince } = await startPublishAccount();
const environment = { ...account, GITHUB_SHA: "4f1c2d9", GITHUB_ACTOR: "ann" };

function publish(manifest: string, ...options: readonly string[]) {
  return runEdgress(["publish", "--manifests", "-", ...options], environment, manifest);
}

/** Resolves when the edge, which follows KV after some milliseconds, answers like this. */
async function waitForAnswer(path: string, expected: string): Promise<void> {
  await waitFor(async () => {
    const { status, body } = await sendRequest(edge, `http://shop.bar.com${path}`);
    return (status === 200 ? `${status} ${body}` : String(status)) === expected;
  });
}

describe("the history of publications", () => {
  test("Three generations are published", async () => {
    for (const [index, manifest] of [
      buildShopManifest(["/"]),
      buildShopManifest(["/", "/cart"], ['enable-cors: "true"']),
      buildShopManifest(["/cart"], ["whitelist-source-range: 198.51.100.0/24"]),
    ].entries()) {
      const { stdout, code } = await publish(manifest);
      assert.match(stdout, new RegExp(`^published generation=${index + 1} `, "m"));
      assert.equal(code, 0);
    }
    await waitForAnswer("/cart", "403");
  });

  test("edgress diff shows hosts, routes and policies before and after", async () => {
    const { stdout, code } = await runEdgress(["diff", "1", "2"], environment);
    assert.equal(code, 0);
    assert.deepEqual(stdout.split("\n"), [
      "~ host shop.bar.com",
      "  ~ prefix / of default/shop",
      '      cors: none → {"credentials":true,"headers":"DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization","maxAge":1728000,"me…',
      "  + prefix /cart of default/shop",
      "      backend: default/web:80",
      "      addresses of default/web:80: http port 80: 203.0.113.11",
      '      cors: {"credentials":true,"headers":"DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization","maxAge":1728000,"me…',
      "changes: hosts +0 ~1 -0, routes +1 ~1 -0",
      "",
    ]);
    const json = JSON.parse((await runEdgress(["diff", "2", "3", "--format", "json"], environment)).stdout);
    assert.deepEqual(
      json.hosts[0].routes.map(({ change, match }: Record<string, string>) => `${change} ${match}`),
      ["changed prefix /", "changed prefix /cart"],
    );
  });

  test("edgress show shows what a generation contains", async () => {
    const { stdout } = await runEdgress(["show", "3"], environment);
    const [first, second, ...rest] = stdout.split("\n");
    assert.match(first ?? "", /^generation 3, published 20\S+Z: publish commit=4f1c2d9$/);
    assert.match(second ?? "", /^1 host, 2 routes of 1 object, \d+ B, digest [0-9a-f]{64}$/);
    assert.deepEqual(rest, [
      "host shop.bar.com",
      "  prefix /cart -> default/web:80 of default/shop [authorization]",
      "  prefix / -> 404 (no backend) of default/shop [authorization]",
      "",
    ]);
    const { code, stderr } = await runEdgress(["show", "9"], environment);
    assert.deepEqual([code, stderr], [2, "edgress: generation not found: 9. History has 1 to 3\n"]);
  });

  test("edgress history lists the generations, newest first", async () => {
    const { stdout } = await runEdgress(["history"], environment);
    const columns = stdout.split("\n").map((line) => line.split(" ")[0]);
    assert.deepEqual(columns, ["GENERATION", "3", "2", "1", ""]);
  });

  test("edgress rollback asks, and needs --yes without a terminal", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout, stderr } = await runEdgress(["rollback", "1"], environment);
    assert.deepEqual(
      [code, stderr],
      [2, "edgress: confirmation needs a terminal. To publish without a question, use --yes\n"],
    );
    assert.deepEqual(stdout.split("\n"), [
      "~ host shop.bar.com",
      "  ~ prefix / of default/shop",
      "      backend: none → default/web:80",
      "      addresses of default/web:80: none → http port 80: 203.0.113.11",
      '      authorization: {"any":false,"sourceRange":{"allow":["198.51.100.0/24"]}} → none',
      "  - prefix /cart of default/shop",
      "warning route shop.bar.com prefix / loses or changes its guards: authorization",
      "rollback from generation 3 to 1: hosts +0 ~1 -0, routes +0 ~1 -1",
      "",
    ]);
    assert.deepEqual(listWritesSince(from), []);
  });

  test("edgress rollback writes one manifest, and the edge answers as before", async () => {
    const from = edge.stack.account.requests.length;
    const { code, stdout } = await runEdgress(["rollback", "1", "--yes"], environment);
    assert.equal(code, 0);
    assert.match(stdout, /^published generation=4 rollback=1 writes=2$/m);
    assert.deepEqual(listWritesSince(from), ["PUT values/generation%2F4", "PUT values/current"]);
    await waitForAnswer("/", "200 service 1 /");
    await waitForAnswer("/cart", "200 service 1 /cart");
  });

  test("edgress publish refuses while a generation is pinned, and ends the rollback with --resume", async () => {
    const manifest = buildShopManifest(["/"], ["whitelist-source-range: 198.51.100.0/24"]);
    const { code, stderr } = await publish(manifest);
    assert.equal(code, 2);
    assert.match(
      stderr,
      /^edgress: generation 4 is pinned: rollback to 1 by ann at 20\S+Z\. Run `edgress resume` first, or publish with --resume\n$/,
    );
    await waitForAnswer("/", "200 service 1 /");
    assert.equal((await publish(manifest, "--resume")).code, 0);
    await waitForAnswer("/", "403");
  });

  test("edgress resume ends a rollback with one manifest, and changes nothing if there is none", async () => {
    assert.equal((await runEdgress(["rollback", "1", "--yes"], environment)).code, 0);
    const from = edge.stack.account.requests.length;
    const { stdout } = await runEdgress(["resume"], environment);
    assert.match(stdout, /^published generation=7 writes=2$/m);
    assert.deepEqual(listWritesSince(from), ["PUT values/generation%2F7", "PUT values/current"]);
    assert.equal(
      (await runEdgress(["resume"], environment)).stdout,
      "no generation is pinned, and no candidate was aborted\n",
    );
    assert.equal((await publish(buildShopManifest(["/cart"]))).code, 0);
  });
});
