import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { acquireLeadership } from "../../sync/leader-election/leader-election.ts";
import { NotLeaderError } from "../../sync/leader-election/leadership-term.ts";
import { LOST_REQUEST, SimulatedCluster } from "../support/leader-election/simulated-cluster.ts";
import { IMMEDIATE_SUCCESS } from "../support/leader-election/simulated-time.ts";

describe("a leader that was suspended", () => {
  test("A leader that wakes after its renew deadline does not lead, before any request", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, leader } = await cluster.startLeaderAndStandby();
    leaderNode.suspend(60_000);
    await cluster.simulation.advanceTo(9_999);
    assert.equal(leader.isLeader(), true); // the last renewal was sent at 0
    cluster.simulation.now = 10_000;
    assert.equal(leader.isLeader(), false);
    assert.throws(() => leader.check(), NotLeaderError);
  });

  test("A leader that wakes while another one leads becomes standby", async () => {
    const cluster = new SimulatedCluster();
    const { leaderNode, leader, standby } = await cluster.startLeaderAndStandby();
    leaderNode.suspend(60_000);
    await cluster.simulation.advanceTo(61_000);
    assert.deepEqual([leader.isLeader(), standby.isLeader()], [false, true]);
    assert.deepEqual(leader.status(), { type: "standby", holder: "b" });
  });

  test("A leader that wakes without a competitor leads in a new term, and writes of its old term are rejected", async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.createNode();
    const leader = cluster.startElector(node, "a");
    await cluster.simulation.advanceTo(100);
    leader.check(0);
    node.suspend(60_000);
    await cluster.simulation.advanceTo(61_000);
    assert.deepEqual(leader.status(), { type: "leader", term: 1 });
    leader.check();
    leader.check(1);
    assert.throws(() => leader.check(0), /now in term 1; a write of term 0 is not sent/);
  });

  test("A late response does not make a suspended candidate the leader", async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.createNode();
    node.nextOutcome = () => ({ type: "answered", requestMs: 1, responseMs: 1 });
    const leader = cluster.startElector(node, "a");
    await cluster.simulation.advanceTo(2); // the list is answered, and the creation is sent
    node.suspend(16_000);
    assert.equal(await cluster.findLeadershipStart(leader, 20_000), 16_004); // not at 16,002, when it reads the late response
    assert.deepEqual(leader.status(), { type: "leader", term: 1 });
  });

  test("A renewal after the deadline begins a new term", async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.createNode();
    const leader = cluster.startElector(node, "a");
    await cluster.simulation.advanceTo(1_000);
    node.nextOutcome = () => LOST_REQUEST;
    await cluster.simulation.advanceTo(7_000); // it retries at 2, 4, 6 and 8 s
    node.nextOutcome = () => ({ type: "answered", requestMs: 1, responseMs: 1, suspendMs: 3_000 });
    await cluster.simulation.advanceTo(10_500);
    assert.equal(leader.isLeader(), false);
    node.nextOutcome = () => IMMEDIATE_SUCCESS;
    await cluster.simulation.advanceTo(11_500);
    assert.deepEqual(leader.status(), { type: "leader", term: 1 });
  });
});

describe("a single acquisition", () => {
  test("A single acquisition resolves as soon as the candidate leads", async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.createNode();
    const acquisition = acquireLeadership(node.api, cluster.options(node, "a"), 1_000);
    await cluster.simulation.advanceTo(5_000);
    const result = await acquisition;
    assert.ok(result.ok);
    assert.deepEqual([result.term, result.leadership.isLeader()], [0, true]); // the time limit ends with the acquisition
  });

  test("A single acquisition that times out returns the current holder", async () => {
    const cluster = new SimulatedCluster();
    await cluster.startLeaderAndStandby();
    const node = cluster.createNode();
    const acquisition = acquireLeadership(node.api, cluster.options(node, "c"), 20_000);
    await cluster.simulation.advanceTo(21_000);
    assert.deepEqual(await acquisition, { ok: false, problem: "Lease edgress/edgress: held by a" });
  });

  test("A single acquisition without API server returns the last problem", async () => {
    const cluster = new SimulatedCluster();
    const node = cluster.createNode();
    node.nextOutcome = () => LOST_REQUEST;
    const acquisition = acquireLeadership(node.api, cluster.options(node, "c"), 20_000);
    await cluster.simulation.advanceTo(40_000);
    assert.deepEqual(await acquisition, { ok: false, problem: "Lease edgress/edgress: the connection broke" });
  });
});
