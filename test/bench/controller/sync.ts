import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { generateSigningKeys } from "../../../sync/publish/sign-manifest.ts";
import { buildEnvironment } from "../../support/controller/memory-account.ts";
import { startBenchAccount } from "./account.ts";
import { startLoopbackCluster, startRealCluster } from "./clusters.ts";
import { type BenchJob, startBenchJob } from "./job.ts";
import { type BenchSetup, changeIngress, changeService, measureIdleCost, printSeries } from "./series.ts";

// Prints what the sync job costs in a large cluster. It asserts nothing: how fast a machine is says nothing of the code.

const { values: flags } = parseArgs({
  options: {
    ingresses: { type: "string", default: "10000" },
    services: { type: "string", default: "5000" },
    rounds: { type: "string", default: "10" },
    real: { type: "boolean", default: false }, // on a real kube-apiserver
    "node-option": { type: "string", multiple: true, default: [] }, // for the sync job: --cpu-prof
  },
});
const size = { ingresses: Number(flags.ingresses), services: Number(flags.services) };
const syncCount = Number(flags.rounds);
const RESYNC_SECONDS = 3;

const keys = generateSigningKeys();
const cluster = await (flags.real ? startRealCluster(size) : startLoopbackCluster(size));
const account = await startBenchAccount();
const options = ["--publish-status-address", "edge.example.com", "--namespace", "default"];
const environment = {
  KUBECONFIG: cluster.kubeconfig,
  ...buildEnvironment(account, keys.privateKey),
};
const start = () =>
  startBenchJob([...options, "--resync-interval", String(RESYNC_SECONDS)], environment, flags["node-option"]);

let job = await start();
try {
  console.log(`${size.ingresses} Ingresses and ${size.services} Services`);
  const firstSyncCpuMs = await printFirstSync("first start", job);
  printMemory(job);
  const setup: BenchSetup = {
    cluster,
    account,
    job,
    firstSyncCpuMs,
    idleCpuMsPerSecond: await measureIdleCost(job),
    syncCount,
  };
  console.log(`idle: ${setup.idleCpuMsPerSecond.toFixed(1)} ms CPU a second, the reading of /metrics included`);
  await printSeries("one changed Ingress", setup, (index) => changeIngress(cluster.api, index));
  await printSeries("one changed Service", setup, (index) => changeService(cluster.api, index));
  console.log(`after ${2 * syncCount} rounds of changes:`);
  printMemory(job);
  await printSeries("nothing changed", setup, async () => {});
  await job.stop();
  job = await start();
  await printFirstSync("another start", job);
} finally {
  await job.stop();
  await account.close();
  await cluster.close();
}

/**
 * Prints when the first generation was published, and when the round ended whose report tells of it. Resolves with the CPU
 * that the former took, in ms.
 */
async function printFirstSync(label: string, benchJob: BenchJob): Promise<number> {
  const formatElapsed = () => `${((performance.now() - benchJob.startedAt) / 1000).toFixed(1)} s`;
  await benchJob.waitForMetric("edgress_published_generation", 1);
  const cpu = benchJob.readCpuMs();
  console.log(`${label}: published after ${formatElapsed()}, ${(cpu / 1000).toFixed(1)} s CPU`);
  printMemory(benchJob);
  await benchJob.waitForMetric("edgress_syncs_total", 1);
  const syncSeconds = (await benchJob.metric("edgress_sync_duration_seconds_sum")) ?? 0;
  console.log(
    `${label}: told after ${formatElapsed()}, ${(benchJob.readCpuMs() / 1000).toFixed(1)} s CPU; the round took ${syncSeconds.toFixed(1)} s`,
  );
  for (const name of ["edgress_hosts", "edgress_routes", "edgress_diagnostics", "edgress_kv_writes_total"])
    console.log(`  ${name} ${await benchJob.metric(name)}`);
  await sleep(2000); // what its own writes bring back
  return cpu;
}

function printMemory(benchJob: BenchJob): void {
  const { resident, peak } = benchJob.readMemoryBytes();
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(`  ${megabytes(resident)} resident, at most ${megabytes(peak)}`);
}
