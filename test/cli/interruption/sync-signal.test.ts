import assert from "node:assert/strict";
import { after, test } from "node:test";
import { startWaiting } from "../../support/cli/killed-process.ts";
import { isWrite, startFaultyApi } from "../../support/cloudflare/faulty-api.ts";
import { startSyncCluster } from "../../support/controller/sync-cluster.ts";

const { server, edge, environment, applyVersion, close } = await startSyncCluster();
const api = await startFaultyApi(edge.stack.account);
after(async () => {
  await api.close();
  await close();
});

test("Ctrl-C in edgress sync --once stops it before the next write, and releases the Lease", async () => {
  applyVersion(1);
  const args = ["sync", "--once", "--lease-name", "interrupted"];
  const result = await startWaiting(args, environment, api).runUntil("", /\/bulk$/, "SIGINT");
  assert.equal(
    result.stderr,
    "edgress: interrupted: nothing is published; nothing of the new generation is served. Run the command again\n",
  );
  assert.equal(result.code, 130);
  assert.doesNotMatch(result.stdout, /"level":"error"/);
  assert.equal(api.calls.findLast(isWrite)?.replace(/.*\//, ""), "bulk");
  const leases = server.objects("Lease", "default") as {
    metadata: { name: string };
    spec?: { holderIdentity?: string };
  }[];
  assert.equal(leases.find(({ metadata }) => metadata.name === "interrupted")?.spec?.holderIdentity, "");
});
