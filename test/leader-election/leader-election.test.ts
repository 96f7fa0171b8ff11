import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createIdentity, joinElection, type LeadershipStatus } from "../../sync/leader-election/leader-election.ts";
import { FOREVER, SimulatedCluster } from "../support/leader-election/simulated-cluster.ts";
import { IMMEDIATE_SUCCESS } from "../support/leader-election/simulated-time.ts";

describe("a leader election", () => {
  test("The first candidate leads at once and renews the Lease every two seconds", async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.createNode();
    const leader = cluster.startElector(node, "a");
    await cluster.simulation.advanceTo(4_500);
    assert.deepEqual(node.requestLog, ["0 list", "0 create", "2000 replace", "4000 replace"]);
    assert.deepEqual([leader.isLeader(), leader.status()], [true, { type: "leader", term: 0 }]);
  });

  test("A standby sends one list and one watch, and knows the leader", async () => {
    const cluster = new SimulatedCluster();
    const { standbyNode, standby } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(20_000);
    assert.deepEqual(standbyNode.requestLog, ["100 list", "100 watch"]);
    assert.deepEqual([standby.isLeader(), standby.status()], [false, { type: "standby", holder: "a" }]);
  });

  test("A standby replaces a killed leader 15 s after its last renewal", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, standby } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(7_000);
    leaderNode.suspend(FOREVER);
    assert.equal(await cluster.findLeadershipStart(standby, 60_000), 21_000); // 15 s after the renewal at 6 s
    assert.deepEqual(standby.status(), { type: "leader", term: 1 });
  });

  test("A standby replaces a stopped leader at once", async () => {
    const cluster = new SimulatedCluster();
    const { leader, standby } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(7_000);
    const release = leader.release();
    assert.equal(leader.isLeader(), false);
    assert.equal(await cluster.findLeadershipStart(standby, 7_000), 7_000);
    await release;
    assert.equal(cluster.holder(), "b");
  });

  test("A standby releases nothing when it stops", async () => {
    const cluster = new SimulatedCluster();
    const { standbyNode, leader, standby } = await cluster.startLeaderAndStandby();
    await standby.release();
    assert.deepEqual(standbyNode.requestLog, ["100 list", "100 watch"]);
    assert.equal(leader.isLeader(), true);
  });

  test("An aborted leader stops leading without a release, so that its Lease must expire", async () => {
    const cluster = new SimulatedCluster();
    const [node, endController] = [cluster.createNode(), new AbortController()];
    const leader = joinElection(node.api, cluster.options(node, "a"), endController.signal);
    await cluster.simulation.advanceTo(100);
    assert.equal(leader.isLeader(), true);
    endController.abort();
    assert.equal(leader.isLeader(), false);
    await cluster.simulation.advanceTo(10_000);
    assert.deepEqual([node.requestLog.length, cluster.holder()], [2, "a"]);
  });

  test("A renewal that is answered after the release is released too", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, leader } = await cluster.startLeaderAndStandby();
    leaderNode.nextOutcome = () => ({ type: "answered", requestMs: 50, responseMs: 1_000 });
    await cluster.simulation.advanceTo(2_100);
    const release = leader.release();
    leaderNode.nextOutcome = () => IMMEDIATE_SUCCESS;
    await cluster.simulation.advanceTo(4_000);
    await release;
    assert.deepEqual([leader.isLeader(), cluster.holder()], [false, "b"]);
  });

  test("The slower of two candidates that acquire the Lease at the same time becomes standby again", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, standbyNode, standby } = await cluster.startLeaderAndStandby();
    const [thirdNode, fourthNode] = [cluster.createNode(), cluster.createNode()];
    const third = cluster.startElector(thirdNode, "c");
    const fourth = cluster.startElector(fourthNode, "d");
    await cluster.simulation.advanceTo(3_000); // all observed the renewal at 2 s
    leaderNode.suspend(FOREVER);
    await cluster.simulation.advanceTo(17_000);
    assert.deepEqual([standby.isLeader(), third.isLeader(), fourth.isLeader()], [true, false, false]);
    assert.deepEqual(thirdNode.requestLog.slice(-3), ["17000 replace", "17000 list", "17000 watch"]);
    assert.deepEqual(third.status(), { type: "standby", holder: "b" });
    standbyNode.suspend(FOREVER);
    await cluster.simulation.advanceTo(32_000);
    assert.deepEqual([third.isLeader(), fourth.isLeader()], [true, false]);
    assert.deepEqual(cluster.log, []); // a lost race is not a problem
  });

  test("A candidate that is stopped while it acquires the Lease releases it, and never leads", async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.createNode();
    node.nextOutcome = () => ({ type: "answered", requestMs: 10, responseMs: 1_000 });
    const leader = cluster.startElector(node, "a");
    await cluster.simulation.advanceTo(1_100); // the Lease was created at 1,020, and the response is pending
    const release = leader.release();
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(5_000, () => leaderStates.push(leader.isLeader()));
    await release;
    assert.ok(!leaderStates.includes(true));
    assert.equal(cluster.holder(), "");
  });

  test("Status changes report each new status of a candidate, and end with its release", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, leader, standby } = await cluster.startLeaderAndStandby();
    const statuses: LeadershipStatus[] = [];
    void (async () => {
      for await (const status of standby.statusChanges()) statuses.push(status);
      statuses.push({ type: "standby", holder: "no more changes" });
    })();
    await cluster.simulation.advanceTo(1_000);
    leaderNode.suspend(FOREVER);
    await cluster.simulation.advanceTo(20_000);
    const release = standby.release();
    await cluster.simulation.advanceTo(21_000);
    await release;
    assert.deepEqual(statuses, [
      { type: "standby", holder: "a" },
      { type: "leader", term: 1 },
      { type: "standby", holder: "no more changes" },
    ]);
    assert.equal(leader.isLeader(), false);
  });

  test("An identity starts with the Pod name and is unique", () => {
    assert.match(createIdentity("edgress-5d8-x7"), /^edgress-5d8-x7_[0-9a-f-]{36}$/);
    assert.notEqual(createIdentity("a"), createIdentity("a"));
    assert.match(createIdentity(undefined), /^.+_[0-9a-f-]{36}$/);
  });
});
