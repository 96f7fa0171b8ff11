import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { termOf } from "../../sync/leader-election/lease-protocol.ts";
import {
  FOREVER,
  LOST_REQUEST,
  SimulatedCluster,
  UNANSWERED_REQUEST,
} from "../support/leader-election/simulated-cluster.ts";
import { IMMEDIATE_SUCCESS } from "../support/leader-election/simulated-time.ts";

describe("an unreliable API server", () => {
  test("A leader without API server leads until its deadline, retries, and leads again in a new term", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, standbyNode, leader, standby } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000); // renewed at 2 s
    leaderNode.nextOutcome = () => LOST_REQUEST;
    standbyNode.nextOutcome = () => LOST_REQUEST;
    await cluster.simulation.advanceTo(11_999);
    assert.equal(leader.isLeader(), true);
    await cluster.simulation.advanceTo(12_000);
    assert.equal(leader.isLeader(), false);
    await cluster.simulation.advanceTo(100_000);
    assert.deepEqual([leader.isLeader(), standby.isLeader()], [false, false]); // no candidate leads without the API server
    leaderNode.nextOutcome = () => IMMEDIATE_SUCCESS;
    standbyNode.nextOutcome = () => IMMEDIATE_SUCCESS;
    await cluster.simulation.advanceTo(103_000);
    assert.equal([leader, standby].filter((candidate) => candidate.isLeader()).length, 1);
    assert.equal(cluster.store.lease && termOf(cluster.store.lease), 1);
    assert.deepEqual(cluster.log.slice(0, 1), ["Lease edgress/edgress: the connection broke"]);
    assert.ok(cluster.log.length <= 4, cluster.log.join("\n")); // logged once, not for every attempt
  });

  test("One renewal without a response does not end the leadership", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, leader } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000);
    leaderNode.nextOutcome = () => {
      leaderNode.nextOutcome = () => IMMEDIATE_SUCCESS;
      return { type: "unanswered", requestMs: 60_000, responseMs: 0 };
    };
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(70_000, () => leaderStates.push(leader.isLeader()));
    assert.ok(!leaderStates.includes(false));
    assert.deepEqual(leader.status(), { type: "leader", term: 0 });
  });

  test("A renewal that was written without a response is detected and renewed", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, leader, standby } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000);
    leaderNode.nextOutcome = () => {
      leaderNode.nextOutcome = () => IMMEDIATE_SUCCESS;
      return UNANSWERED_REQUEST;
    };
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(30_000, () => leaderStates.push(leader.isLeader()));
    assert.ok(!leaderStates.includes(false));
    assert.deepEqual(leader.status(), { type: "leader", term: 0 });
    assert.equal(standby.isLeader(), false);
  });

  test("A standby without permission to watch lists the Lease every two seconds", async () => {
    const cluster = new SimulatedCluster();
    const [leaderNode, standbyNode] = [cluster.createNode(), cluster.createNode()];
    cluster.startElector(leaderNode, "a");
    await cluster.simulation.advanceTo(500);
    standbyNode.nextOutcome = () => ({
      type: standbyNode.requestLog.at(-1)?.endsWith("watch") ? "refused" : "answered",
      requestMs: 0,
      responseMs: 0,
    });
    const standby = cluster.startElector(standbyNode, "b");
    await cluster.simulation.advanceTo(5_000);
    const expectedRequests = ["500 list", "500 watch", "2500 list", "2500 watch", "4500 list", "4500 watch"];
    assert.deepEqual(standbyNode.requestLog, expectedRequests);
    assert.deepEqual(cluster.log, [
      "watch of Lease edgress/edgress: Kubernetes API: you may not watch (status 403). Apply the Roles and bindings of deploy/base or of the chart",
    ]);
    leaderNode.suspend(FOREVER); // the renewal at 4 s was observed at 4.5 s
    assert.equal(await cluster.findLeadershipStart(standby, 60_000), 19_500);
  });

  test("A standby with a silent watch lists the Lease again", async () => {
    const cluster = new SimulatedCluster();
    const [leaderNode, standbyNode] = [cluster.createNode(), cluster.createNode()];
    cluster.startElector(leaderNode, "a");
    await cluster.simulation.advanceTo(500);
    standbyNode.nextOutcome = () =>
      standbyNode.requestLog.at(-1)?.endsWith("watch") ? UNANSWERED_REQUEST : IMMEDIATE_SUCCESS;
    const standby = cluster.startElector(standbyNode, "b");
    await cluster.simulation.advanceTo(40_000);
    assert.equal(standby.isLeader(), false);
    assert.deepEqual(standbyNode.requestLog.slice(0, 4), ["500 list", "500 watch", "5500 list", "5500 watch"]);
    assert.ok(!standbyNode.requestLog.some((line) => line.endsWith("replace")));
  });

  test("A failed release is logged and does not reject", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, leader } = await cluster.startLeaderAndStandby();
    leaderNode.nextOutcome = () => LOST_REQUEST;
    const release = leader.release();
    await cluster.simulation.advanceTo(10_000);
    await release;
    assert.deepEqual(cluster.log, ["Lease edgress/edgress: the connection broke"]);
  });
});

describe("a Lease that others change", () => {
  test("A leader with a wrong or stopped wall clock keeps the Lease", async () => {
    for (const today of [(now: number) => new Date(now), () => new Date(0)]) {
      const cluster = new SimulatedCluster();
      const [leaderNode, standbyNode] = [cluster.createNode(), cluster.createNode()];
      leaderNode.wallClock = today;
      const leader = cluster.startElector(leaderNode, "a");
      await cluster.simulation.advanceTo(100);
      const standby = cluster.startElector(standbyNode, "b");
      await cluster.simulation.advanceTo(100_000);
      assert.deepEqual([leader.isLeader(), standby.isLeader()], [true, false]);
    }
  });

  test("A leader recreates its deleted Lease in a new term, and no other candidate leads meanwhile", async () => {
    const cluster = new SimulatedCluster();
    const { leader, standby } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000);
    cluster.store.remove();
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(30_000, () => leaderStates.push(leader.isLeader()));
    assert.ok(!leaderStates.includes(false));
    assert.deepEqual([leader.status(), standby.isLeader()], [{ type: "leader", term: 1 }, false]);
  });

  test("A leader that reads another holder in the Lease becomes standby", async () => {
    const cluster = new SimulatedCluster();
    const { leader } = await cluster.startLeaderAndStandby();
    const { lease } = cluster.store;
    assert.ok(lease);
    cluster.store.replace({ ...lease, spec: { ...lease.spec, holderIdentity: "x" } });
    await cluster.simulation.advanceTo(2_100);
    assert.deepEqual(leader.status(), { type: "standby", holder: "x" });
  });

  test("Labels of the Lease that others set are kept, and do not affect its leader", async () => {
    const cluster = new SimulatedCluster();
    const { leader } = await cluster.startLeaderAndStandby();
    const { lease } = cluster.store;
    assert.ok(lease);
    cluster.store.replace({ ...lease, metadata: { ...lease.metadata, labels: { team: "edge" } } });
    await cluster.simulation.advanceTo(5_000);
    assert.deepEqual(leader.status(), { type: "leader", term: 0 });
    assert.deepEqual(cluster.store.lease?.metadata.labels, { team: "edge" });
  });
});
