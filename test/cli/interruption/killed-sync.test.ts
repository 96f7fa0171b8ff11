import assert from "node:assert/strict";
import { after, test } from "node:test";
import { runSync } from "../../../sync/commands/sync.ts";
import { startWaiting } from "../../support/cli/killed-process.ts";
import { isWrite, startFaultyApi } from "../../support/cloudflare/faulty-api.ts";
import { startSyncCluster } from "../../support/controller/sync-cluster.ts";
import { FIRST_HOST, readVersion, SECOND_HOST, watchForMixture } from "../../support/publish/versioned-manifests.ts";
import { waitFor } from "../../support/wait-for.ts";

const { server, edge, environment, applyVersion, close } = await startSyncCluster();
const api = await startFaultyApi(edge.stack.account);
after(async () => {
  await api.close();
  await close();
});

const SYNC_OPTIONS = {
  ingressClass: "edgress",
  controller: "edgress.dev/ingress-controller",
  watchIngressWithoutClass: false,
  exclusiveHosts: false,
  allowedResponseHeaders: [],
  watchNamespace: [],
  ingressSelector: "",
  permits: { type: "none" },
  allowMassDeletion: false,
  maxRemovedHosts: 10,
  publishStatusAddress: [],
  takeOwnership: false,
  namespace: undefined,
  debounce: 1,
  debounceMax: 10,
  resyncInterval: 60,
  readinessTimeout: 300,
  healthPort: 0,
  once: true,
  dryRun: false,
  format: "text",
  logLevel: "error",
  stageInterval: 300,
  stageMaxWait: 3600,
  stageMinRequests: 1000,
  stageDataset: "edgress",
} as const;
process.env.KUBECONFIG = environment.KUBECONFIG; // of the syncs in this process
let runs = 0;

/** Returns arguments with a Lease of their own, because a killed process keeps its Lease for 15 s. */
function buildArguments(): string[] {
  return ["sync", "--once", "--lease-name", `run-${++runs}`, "--log-level", "error"];
}

/** Runs one sync in this process. */
async function syncOnce(): Promise<void> {
  const options = { ...SYNC_OPTIONS, leaseName: `run-${++runs}` };
  assert.equal(await runSync(options, environment, () => {}, new AbortController().signal), 0);
}

async function assertServed(version: number): Promise<void> {
  await waitFor(async () => (await readVersion(edge, FIRST_HOST)) === version);
  assert.equal(await readVersion(edge, SECOND_HOST), version);
}

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

test("A sync --once that is killed at any call never leaves a mixture, and the next one repairs it", async () => {
  applyVersion(1);
  await syncOnce();
  await assertServed(1);
  const stop = new AbortController();
  const watching = watchForMixture(edge, stop.signal);
  for (let lastCall = 1, version = 2; ; lastCall++, version++) {
    applyVersion(version);
    const { code } = await startWaiting(buildArguments(), environment, api).runUntil("", lastCall, "SIGKILL");
    const served = await readVersion(edge, FIRST_HOST);
    assert.ok(served === version || served === version - 1, `killed after ${api.calls.at(-1)}: serves ${served}`);
    if (code === 0) {
      assert.ok(api.calls.filter(isWrite).length >= 4, api.calls.join("\n"));
      break;
    }
    assert.equal(code, null);
    await syncOnce();
    await assertServed(version);
  }
  stop.abort();
  assert.deepEqual(await watching, []);
});
