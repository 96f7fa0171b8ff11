// Run by `npm run test:cluster`: several sync jobs of one cluster, of which one writes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { applyObjects } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import {
  assertChangeWithin,
  buildClassIngress,
  buildIngressesPath,
  startClusterHarness,
  waitForValue,
} from "../support/cluster/synced.ts";
import { buildServiceManifest } from "../support/manifests.ts";
import { type RecordingAccount, startRecordingAccount } from "../support/recording-account.ts";
import { type SyncProcess, startSyncProcess } from "../support/sync-cli.ts";

/** The Lease's 15 s, and a little for the one who has waited for it to say so. */
const MAX_TAKEOVER_MS = 16_000;

const cluster = await startCluster();
after(() => cluster.close());
const harness = await startClusterHarness(cluster);
after(() => harness.close());
const { api, fetchAnswer: answer, waitForAnswer: answers, waitUntilLive: isLive } = harness;
const home = await cluster.createNamespace();

describe("of several sync jobs", () => {
  const replicas: Replica[] = [];
  let [leader, standbyReplica] = replicas;

  before(async () => {
    await harness.startOrigin("203.0.113.21:80", "web");
    await applyObjects(cluster, home, buildServiceManifest("web", ["203.0.113.21"]));
    leader = await startReplica("first");
    await leader.job.waitForLine(/^became leader/);
    standbyReplica = await startStandby("second");
    await createIngress("one");
    await isLive(home, "one");
    assert.deepEqual(standbyReplica.account.writes, []);
  });

  after(() => Promise.all(replicas.flatMap(({ job, account }) => [job.end("SIGKILL"), account.close()])));

  test("the other takes over at once where the leader is stopped", async (t) => {
    const { job } = assertDefined(leader);
    await assertChangeWithin(t, 3000, "takes over", {
      change: async () => assert.equal((await job.end()).code, 0),
      waitForEffect: () => assertDefined(standbyReplica).job.waitForLine(/^became leader/),
    });
    await createIngress("two");
    await answers("http://two.example.com/", "web /");
    [leader, standbyReplica] = [standbyReplica, await startStandby("third")];
  });

  test("the other takes over within 15 s where the leader is killed, and publishes what has changed since", async (t) => {
    const { job } = assertDefined(standbyReplica);
    let liveCheck: Promise<unknown> | undefined;
    await assertChangeWithin(t, MAX_TAKEOVER_MS, "takes over", {
      async change() {
        await assertDefined(leader).job.end("SIGKILL");
        await createIngress("three");
        liveCheck = assertChangeWithin(t, MAX_TAKEOVER_MS + 1000, "live", {
          waitForEffect: () => answers("http://three.example.com/", "web /"),
        });
      },
      waitForEffect: () => job.waitForLine(/^became leader/),
    });
    await liveCheck;
    assert.equal(await answer("http://one.example.com/"), "web /");
    [leader, standbyReplica] = [standbyReplica, await startStandby("fourth")];
  });

  test("a former leader that wakes up in the middle of its round does not write", async (t) => {
    const [formerLeader, newLeader] = [assertDefined(leader), assertDefined(standbyReplica)];
    const heldResponse = formerLeader.account.holdResponse();
    await createIngress("four");
    await heldResponse; // so that the next thing it does when it wakes up is to go on publishing
    const { length: linesBefore } = formerLeader.job.lines;
    await assertChangeWithin(t, MAX_TAKEOVER_MS, "the other takes over", {
      change: async () => formerLeader.job.sendSignal("SIGSTOP"),
      waitForEffect: () => newLeader.job.waitForLine(/^became leader/),
    });
    await answers("http://four.example.com/", "web /");
    const [firstWrite] = newLeader.account.writes;
    assert(firstWrite);

    formerLeader.account.releaseResponse();
    formerLeader.job.sendSignal("SIGCONT");
    await formerLeader.job.waitForLine(/^standby \(leader=fourth_/, linesBefore);
    await createIngress("five");
    await answers("http://five.example.com/", "web /");
    await waitForValue("the former leader", formerLeader.job.readiness, "ok: standby");
    assert.deepEqual(
      formerLeader.account.writes.filter(({ at }) => at > firstWrite.at),
      [],
    );
    await formerLeader.job.waitForLine(/^sync failed: leadership lost/, linesBefore);
  });

  interface Replica {
    readonly job: SyncProcess;
    readonly account: RecordingAccount;
  }

  /** A sync job with a view of its own on the account. */
  async function startReplica(name: string): Promise<Replica> {
    const account = await startRecordingAccount(harness.edge.stack.account.baseURL);
    const job = await startSyncProcess({
      kubeconfig: cluster.kubeconfig,
      environment: { ...harness.environment, CLOUDFLARE_BASE_URL: account.baseURL, POD_NAME: name },
      args: ["--namespace", home, "--watch-namespace", home, "--ingress-class", home],
    });
    replicas.push({ job, account });
    return { job, account };
  }

  async function startStandby(name: string): Promise<Replica> {
    const newReplica = await startReplica(name);
    await waitForValue(name, newReplica.job.readiness, "ok: standby");
    return newReplica;
  }
});

async function createIngress(name: string): Promise<void> {
  await api.create(buildIngressesPath(home), buildClassIngress(home, name, { "/": "web" }));
}

/** What a test before has set. */
function assertDefined<T>(value: T | undefined): T {
  assert(value);
  return value;
}
