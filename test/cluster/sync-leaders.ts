// Run by `npm run test:cluster`: leader election between two controllers.
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
import { type ControllerProcess, startControllerProcess } from "../support/controller/controller-process.ts";
import { type RecordingAccount, startRecordingAccount } from "../support/controller/recording-account.ts";
import { buildServiceManifest } from "../support/manifests.ts";

/** 15 s of the Lease, and 1 s for the log line. */
const MAX_TAKEOVER_MS = 16_000;

const cluster = await startCluster();
after(() => cluster.close());
const harness = await startClusterHarness(cluster);
after(() => harness.close());
const { api, fetchAnswer: answer, waitForAnswer: answers, waitUntilLive: isLive } = harness;
const home = await cluster.createNamespace();

describe("two controllers of one cluster", () => {
  const replicas: Replica[] = [];
  let [leader, standbyReplica] = replicas;

  before(async () => {
    await harness.startOrigin("203.0.113.21:80", "web");
    await applyObjects(cluster, home, buildServiceManifest("web", ["203.0.113.21"]));
    leader = await startReplica("first");
    await leader.controller.waitForLine(/^became leader/);
    standbyReplica = await startStandby("second");
    await createIngress("one");
    await isLive(home, "one");
    assert.deepEqual(standbyReplica.account.writes, []);
  });

  after(() => Promise.all(replicas.flatMap(({ controller, account }) => [controller.end("SIGKILL"), account.close()])));

  test("The standby leads within 3 s after the leader is stopped", async (t) => {
    const { controller } = assertDefined(leader);
    await assertChangeWithin(t, 3000, "takes over", {
      change: async () => assert.equal((await controller.end()).code, 0),
      waitForEffect: () => assertDefined(standbyReplica).controller.waitForLine(/^became leader/),
    });
    await createIngress("two");
    await answers("http://two.example.com/", "web /");
    [leader, standbyReplica] = [standbyReplica, await startStandby("third")];
  });

  test("The standby leads within 16 s after the leader is killed, and publishes later changes", async (t) => {
    const { controller } = assertDefined(standbyReplica);
    let liveCheck: Promise<unknown> | undefined;
    await assertChangeWithin(t, MAX_TAKEOVER_MS, "takes over", {
      async change() {
        await assertDefined(leader).controller.end("SIGKILL");
        await createIngress("three");
        liveCheck = assertChangeWithin(t, MAX_TAKEOVER_MS + 1000, "live", {
          waitForEffect: () => answers("http://three.example.com/", "web /"),
        });
      },
      waitForEffect: () => controller.waitForLine(/^became leader/),
    });
    await liveCheck;
    assert.equal(await answer("http://one.example.com/"), "web /");
    [leader, standbyReplica] = [standbyReplica, await startStandby("fourth")];
  });

  test("A former leader that wakes in the middle of a sync does not write", async (t) => {
    const [formerLeader, newLeader] = [assertDefined(leader), assertDefined(standbyReplica)];
    const heldResponse = formerLeader.account.holdResponse();
    await createIngress("four");
    await heldResponse; // after its wake-up it continues with the publication
    const { length: linesBefore } = formerLeader.controller.lines;
    await assertChangeWithin(t, MAX_TAKEOVER_MS, "the other takes over", {
      change: async () => formerLeader.controller.sendSignal("SIGSTOP"),
      waitForEffect: () => newLeader.controller.waitForLine(/^became leader/),
    });
    await answers("http://four.example.com/", "web /");
    const [firstWrite] = newLeader.account.writes;
    assert(firstWrite);

    formerLeader.account.releaseResponse();
    formerLeader.controller.sendSignal("SIGCONT");
    await formerLeader.controller.waitForLine(/^standby \(leader=fourth_/, linesBefore);
    await createIngress("five");
    await answers("http://five.example.com/", "web /");
    await waitForValue("the former leader", formerLeader.controller.readiness, "ok: standby");
    assert.deepEqual(
      formerLeader.account.writes.filter(({ at }) => at > firstWrite.at),
      [],
    );
    await formerLeader.controller.waitForLine(/^sync failed: leadership lost/, linesBefore);
  });

  interface Replica {
    readonly controller: ControllerProcess;
    readonly account: RecordingAccount;
  }

  /** Starts a controller with its own proxy in front of the account. */
  async function startReplica(name: string): Promise<Replica> {
    const account = await startRecordingAccount(harness.edge.stack.account.baseURL);
    const controller = await startControllerProcess({
      kubeconfig: cluster.kubeconfig,
      environment: { ...harness.environment, CLOUDFLARE_BASE_URL: account.baseURL, POD_NAME: name },
      args: ["--namespace", home, "--watch-namespace", home, "--ingress-class", home],
    });
    replicas.push({ controller, account });
    return { controller, account };
  }

  async function startStandby(name: string): Promise<Replica> {
    const newReplica = await startReplica(name);
    await waitForValue(name, newReplica.controller.readiness, "ok: standby");
    return newReplica;
  }
});

async function createIngress(name: string): Promise<void> {
  await api.create(buildIngressesPath(home), buildClassIngress(home, name, { "/": "web" }));
}

/** Returns a value that an earlier test set. */
function assertDefined<T>(value: T | undefined): T {
  assert(value);
  return value;
}
