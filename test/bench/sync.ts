import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { generateSealingKeys } from "../../sync/publish/seal.ts";
import { generateKeys } from "../../sync/publish/sign.ts";
import { benchAccount } from "./account.ts";
import { loopbackCluster, realCluster } from "./clusters.ts";
import { type RunningJob, startJob } from "./job.ts";
import { changeIngress, changeService, idleCost, type Place, series } from "./series.ts";

// Prints what the sync job costs in a large cluster. It asserts nothing: how fast a machine is says nothing of the code.

const { values: given } = parseArgs({
  options: {
    ingresses: { type: "string", default: "10000" },
    services: { type: "string", default: "5000" },
    rounds: { type: "string", default: "10" },
    real: { type: "boolean", default: false }, // on a real kube-apiserver
    "node-option": { type: "string", multiple: true, default: [] }, // for the sync job: --cpu-prof
  },
});
const size = { ingresses: Number(given.ingresses), services: Number(given.services) };
const rounds = Number(given.rounds);
const RESYNC_SECONDS = 3;

const keys = generateKeys();
const cluster = await (given.real ? realCluster(size) : loopbackCluster(size));
const account = await benchAccount();
const options = ["--publish-status-address", "edge.example.com", "--namespace", "default"];
const environment = {
  KUBECONFIG: cluster.kubeconfig,
  CLOUDFLARE_BASE_URL: account.baseURL,
  CLOUDFLARE_API_TOKEN: account.token,
  CLOUDFLARE_ACCOUNT_ID: account.accountId,
  EDGRESS_KV_NAMESPACE_ID: account.namespaceId,
  EDGRESS_SIGNING_KEY: keys.privateKey,
  EDGRESS_SEALING_PUBLIC_KEY: generateSealingKeys().publicKey,
};
const start = () => startJob([...options, "--resync", String(RESYNC_SECONDS)], environment, given["node-option"]);

let job = await start();
try {
  console.log(`${size.ingresses} Ingresses and ${size.services} Services`);
  const full = await first("first start", job);
  printMemory(job);
  const place: Place = { cluster, account, job, full, idle: await idleCost(job), rounds };
  console.log(`idle: ${place.idle.toFixed(1)} ms CPU a second, the reading of /metrics included`);
  await series("one changed Ingress", place, (index) => changeIngress(cluster.api, index));
  await series("one changed Service", place, (index) => changeService(cluster.api, index));
  console.log(`after ${2 * rounds} rounds of changes:`);
  printMemory(job);
  await series("nothing changed", place, async () => {});
  await job.stop();
  job = await start();
  await first("another start", job);
} finally {
  await job.stop();
  await account.close();
  await cluster.close();
}

/**
 * Prints when the first generation was published, and when the round ended whose report tells of it. Resolves with the CPU
 * that the former took, in ms.
 */
async function first(what: string, started: RunningJob): Promise<number> {
  const since = () => `${((performance.now() - started.startedAt) / 1000).toFixed(1)} s`;
  await started.until("edgress_generation", 1);
  const cpu = started.cpu();
  console.log(`${what}: published after ${since()}, ${(cpu / 1000).toFixed(1)} s CPU`);
  printMemory(started);
  await started.until("edgress_rounds_total", 1);
  const round = (await started.metric("edgress_round_duration_seconds_sum")) ?? 0;
  console.log(
    `${what}: told after ${since()}, ${(started.cpu() / 1000).toFixed(1)} s CPU; the round took ${round.toFixed(1)} s`,
  );
  for (const name of ["edgress_hosts", "edgress_routes", "edgress_diagnostics", "edgress_kv_writes_total"])
    console.log(`  ${name} ${await started.metric(name)}`);
  await sleep(2000); // what its own writes bring back
  return cpu;
}

function printMemory(running: RunningJob): void {
  const { resident, peak } = running.memory();
  const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  console.log(`  ${megabytes(resident)} resident, at most ${megabytes(peak)}`);
}
