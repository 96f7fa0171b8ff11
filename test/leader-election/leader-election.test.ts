import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import {
  acquireLeadership,
  createIdentity,
  joinElection,
  type Leadership,
  type LeadershipStatus,
} from "../../sync/leader-election/leader-election.ts";
import { NotLeaderError } from "../../sync/leader-election/leadership-term.ts";
import { termOf } from "../../sync/leader-election/lease-protocol.ts";
import { LeaseStore } from "../support/lease-store.ts";
import { IMMEDIATE_SUCCESS, type NetworkOutcome, SimulatedNode, Simulation } from "../support/simulated-time.ts";

const LOST_REQUEST: NetworkOutcome = { type: "lost", requestMs: 5, responseMs: 5 };
const UNANSWERED_REQUEST: NetworkOutcome = { type: "unanswered", requestMs: 5, responseMs: 5 };
const FOREVER = Number.POSITIVE_INFINITY;

/** A cluster with its Lease, in which machines run candidates named a, b, c. */
class SimulatedCluster {
  readonly simulation = new Simulation();
  readonly store = new LeaseStore();
  readonly log: string[] = [];

  createNode(): SimulatedNode {
    return new SimulatedNode(this.simulation, this.store);
  }

  options(node: SimulatedNode, identity: string) {
    const log = (line: string) => this.log.push(line);
    return { namespace: "edgress", name: "edgress", identity, log, clock: node.clock, random: () => 0 };
  }

  /** Starts a candidate on `machine`. */
  startElector(node: SimulatedNode, identity: string): Leadership {
    return joinElection(node.api, this.options(node, identity), new AbortController().signal);
  }

  /** A leader that began at 0, so renews at every even second, and one who stands by. */
  async startLeaderAndStandby() {
    const [first, second] = [this.createNode(), this.createNode()];
    const a = this.startElector(first, "a");
    await this.simulation.advanceTo(100);
    const b = this.startElector(second, "b");
    await this.simulation.advanceTo(200);
    return { first, second, a, b };
  }

  /** When it first holds, looking at whatever happens until `time`. */
  async waitUntilHolding(candidate: Leadership, time: number): Promise<number | undefined> {
    let from: number | undefined;
    await this.simulation.advanceTo(time, () => {
      if (candidate.isLeader()) from ??= this.simulation.now;
    });
    return from;
  }

  holder(): string | null | undefined {
    return this.store.lease?.spec?.holderIdentity;
  }
}

describe("leader", () => {
  test("the first leads at once, and renews every two seconds", async () => {
    const cluster = new SimulatedCluster();
    const machine = cluster.createNode();
    const a = cluster.startElector(machine, "a");
    await cluster.simulation.advanceTo(4_500);
    assert.deepEqual(machine.requestLog, ["0 list", "0 create", "2000 replace", "4000 replace"]);
    assert.deepEqual([a.isLeader(), a.status()], [true, { type: "leader", term: 0 }]);
  });

  test("the second stands by with one list and one watch, and knows who leads", async () => {
    const cluster = new SimulatedCluster();
    const { second, b } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(20_000);
    assert.deepEqual(second.requestLog, ["100 list", "100 watch"]);
    assert.deepEqual([b.isLeader(), b.status()], [false, { type: "standby", holder: "a" }]);
  });

  test("a leader that is killed is followed within 15 s", async () => {
    const cluster = new SimulatedCluster();
    const { first, b } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(7_000);
    first.suspend(FOREVER);
    assert.equal(await cluster.waitUntilHolding(b, 60_000), 21_000); // its last renewal was seen at 6 s
    assert.deepEqual(b.status(), { type: "leader", term: 1 });
  });

  test("a clean stop is followed at once", async () => {
    const cluster = new SimulatedCluster();
    const { a, b } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(7_000);
    const released = a.release();
    assert.equal(a.isLeader(), false);
    assert.equal(await cluster.waitUntilHolding(b, 7_000), 7_000);
    await released;
    assert.equal(cluster.holder(), "b");
  });

  test("one who stands by has nothing to give back", async () => {
    const cluster = new SimulatedCluster();
    const { second, a, b } = await cluster.startLeaderAndStandby();
    await b.release();
    assert.deepEqual(second.requestLog, ["100 list", "100 watch"]);
    assert.equal(a.isLeader(), true);
  });

  test("whose end came without a release does not lead any more, and leaves the lease to run out", async () => {
    const cluster = new SimulatedCluster();
    const [machine, ended] = [cluster.createNode(), new AbortController()];
    const a = joinElection(machine.api, cluster.options(machine, "a"), ended.signal);
    await cluster.simulation.advanceTo(100);
    assert.equal(a.isLeader(), true);
    ended.abort();
    assert.equal(a.isLeader(), false);
    await cluster.simulation.advanceTo(10_000);
    assert.deepEqual([machine.requestLog.length, cluster.holder()], [2, "a"]);
  });

  test("a renewal that is answered only after the release is given back too", async () => {
    const cluster = new SimulatedCluster();
    const { first, a } = await cluster.startLeaderAndStandby();
    first.nextOutcome = () => ({ type: "answered", requestMs: 50, responseMs: 1_000 });
    await cluster.simulation.advanceTo(2_100);
    const released = a.release();
    first.nextOutcome = () => IMMEDIATE_SUCCESS;
    await cluster.simulation.advanceTo(4_000);
    await released;
    assert.deepEqual([a.isLeader(), cluster.holder()], [false, "b"]);
  });

  test("of two who take it at the same time one is quicker, and the other stands by again", async () => {
    const cluster = new SimulatedCluster();
    const { first, second, b } = await cluster.startLeaderAndStandby();
    const [third, fourth] = [cluster.createNode(), cluster.createNode()];
    const [c, d] = [cluster.startElector(third, "c"), cluster.startElector(fourth, "d")];
    await cluster.simulation.advanceTo(3_000); // all saw the renewal at 2 s
    first.suspend(FOREVER);
    await cluster.simulation.advanceTo(17_000);
    assert.deepEqual([b.isLeader(), c.isLeader(), d.isLeader()], [true, false, false]);
    assert.deepEqual(third.requestLog.slice(-3), ["17000 replace", "17000 list", "17000 watch"]);
    assert.deepEqual(c.status(), { type: "standby", holder: "b" });
    second.suspend(FOREVER);
    await cluster.simulation.advanceTo(32_000);
    assert.deepEqual([c.isLeader(), d.isLeader()], [true, false]);
    assert.deepEqual(cluster.log, []); // to be slower is no problem
  });

  test("who is released while it takes the lease gives it back, and never leads", async () => {
    const cluster = new SimulatedCluster();
    const machine = cluster.createNode();
    machine.nextOutcome = () => ({ type: "answered", requestMs: 10, responseMs: 1_000 });
    const a = cluster.startElector(machine, "a");
    await cluster.simulation.advanceTo(1_100); // it was created at 1,020 and a does not know yet
    const released = a.release();
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(5_000, () => leaderStates.push(a.isLeader()));
    await released;
    assert.ok(!leaderStates.includes(true));
    assert.equal(cluster.holder(), "");
  });

  test("standings tell of each change, and leave out what passed unread", async () => {
    const cluster = new SimulatedCluster();
    const { first, a, b } = await cluster.startLeaderAndStandby();
    const statuses: LeadershipStatus[] = [];
    void (async () => {
      for await (const status of b.statusChanges()) statuses.push(status);
      statuses.push({ type: "standby", holder: "the end" });
    })();
    await cluster.simulation.advanceTo(1_000);
    first.suspend(FOREVER);
    await cluster.simulation.advanceTo(20_000);
    const released = b.release();
    await cluster.simulation.advanceTo(21_000);
    await released;
    assert.deepEqual(statuses, [
      { type: "standby", holder: "a" },
      { type: "leader", term: 1 },
      { type: "standby", holder: "the end" },
    ]);
    assert.equal(a.isLeader(), false);
  });

  test("an identity names the Pod and is like no other", () => {
    assert.match(createIdentity("edgress-5d8-x7"), /^edgress-5d8-x7_[0-9a-f-]{36}$/);
    assert.notEqual(createIdentity("a"), createIdentity("a"));
    assert.match(createIdentity(undefined), /^.+_[0-9a-f-]{36}$/);
  });
});

describe("a leader that was suspended", () => {
  test("does not lead when it wakes past its deadline, before anything else happens", async () => {
    const cluster = new SimulatedCluster();
    const { first, a } = await cluster.startLeaderAndStandby();
    first.suspend(60_000);
    await cluster.simulation.advanceTo(9_999);
    assert.equal(a.isLeader(), true); // sent at 0
    cluster.simulation.now = 10_000;
    assert.equal(a.isLeader(), false);
    assert.throws(() => a.check(), NotLeaderError);
  });

  test("stands by when it wakes and another leads", async () => {
    const cluster = new SimulatedCluster();
    const { first, a, b } = await cluster.startLeaderAndStandby();
    first.suspend(60_000);
    await cluster.simulation.advanceTo(61_000);
    assert.deepEqual([a.isLeader(), b.isLeader()], [false, true]);
    assert.deepEqual(a.status(), { type: "standby", holder: "b" });
  });

  test("leads in a new term when it wakes and nobody else came, and what it began in the old one is not written", async () => {
    const cluster = new SimulatedCluster();
    const machine = cluster.createNode();
    const a = cluster.startElector(machine, "a");
    await cluster.simulation.advanceTo(100);
    a.check(0);
    machine.suspend(60_000);
    await cluster.simulation.advanceTo(61_000);
    assert.deepEqual(a.status(), { type: "leader", term: 1 });
    a.check();
    a.check(1);
    assert.throws(() => a.check(0), /now in term 1; a write of term 0 is not sent/);
  });

  test("does not lead by an answer that it reads long after it asked", async () => {
    const cluster = new SimulatedCluster();
    const machine = cluster.createNode();
    machine.nextOutcome = () => ({ type: "answered", requestMs: 1, responseMs: 1 });
    const a = cluster.startElector(machine, "a");
    await cluster.simulation.advanceTo(2); // the list is answered, and the Lease asked for
    machine.suspend(16_000);
    assert.equal(await cluster.waitUntilHolding(a, 20_000), 16_004); // not at 16,002, when it reads that it had the lease
    assert.deepEqual(a.status(), { type: "leader", term: 1 });
  });

  test("leads in a new term if it did not lead for a moment, though its renewal came through", async () => {
    const cluster = new SimulatedCluster();
    const machine = cluster.createNode();
    const a = cluster.startElector(machine, "a");
    await cluster.simulation.advanceTo(1_000);
    machine.nextOutcome = () => LOST_REQUEST;
    await cluster.simulation.advanceTo(7_000); // it tries at 2, 4, 6 and 8 s
    machine.nextOutcome = () => ({ type: "answered", requestMs: 1, responseMs: 1, suspendMs: 3_000 });
    await cluster.simulation.advanceTo(10_500);
    assert.equal(a.isLeader(), false);
    machine.nextOutcome = () => IMMEDIATE_SUCCESS;
    await cluster.simulation.advanceTo(11_500);
    assert.deepEqual(a.status(), { type: "leader", term: 1 });
  });
});

describe("without the API server", () => {
  test("a leader leads until its deadline, keeps trying, and leads again in a new term", async () => {
    const cluster = new SimulatedCluster();
    const { first, second, a, b } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000); // renewed at 2 s
    first.nextOutcome = () => LOST_REQUEST;
    second.nextOutcome = () => LOST_REQUEST;
    await cluster.simulation.advanceTo(11_999);
    assert.equal(a.isLeader(), true);
    await cluster.simulation.advanceTo(12_000);
    assert.equal(a.isLeader(), false);
    await cluster.simulation.advanceTo(100_000);
    assert.deepEqual([a.isLeader(), b.isLeader()], [false, false]); // nobody takes over what cannot be asked for
    first.nextOutcome = () => IMMEDIATE_SUCCESS;
    second.nextOutcome = () => IMMEDIATE_SUCCESS;
    await cluster.simulation.advanceTo(103_000);
    assert.equal([a, b].filter((candidate) => candidate.isLeader()).length, 1);
    assert.equal(cluster.store.lease && termOf(cluster.store.lease), 1);
    assert.deepEqual(cluster.log.slice(0, 1), ["Lease edgress/edgress: the connection broke"]);
    assert.ok(cluster.log.length <= 4, cluster.log.join("\n")); // told once, not at every try
  });

  test("one renewal that hangs does not cost the leadership", async () => {
    const cluster = new SimulatedCluster();
    const { first, a } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000);
    first.nextOutcome = () => {
      first.nextOutcome = () => IMMEDIATE_SUCCESS;
      return { type: "unanswered", requestMs: 60_000, responseMs: 0 };
    };
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(70_000, () => leaderStates.push(a.isLeader()));
    assert.ok(!leaderStates.includes(false));
    assert.deepEqual(a.status(), { type: "leader", term: 0 });
  });

  test("a renewal that was made but not answered is found out, and renewed", async () => {
    const cluster = new SimulatedCluster();
    const { first, a, b } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000);
    first.nextOutcome = () => {
      first.nextOutcome = () => IMMEDIATE_SUCCESS;
      return UNANSWERED_REQUEST;
    };
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(30_000, () => leaderStates.push(a.isLeader()));
    assert.ok(!leaderStates.includes(false));
    assert.deepEqual(a.status(), { type: "leader", term: 0 });
    assert.equal(b.isLeader(), false);
  });

  test("where the watch is refused, it is listed every two seconds", async () => {
    const cluster = new SimulatedCluster();
    const [first, second] = [cluster.createNode(), cluster.createNode()];
    cluster.startElector(first, "a");
    await cluster.simulation.advanceTo(500);
    second.nextOutcome = () => ({
      type: second.requestLog.at(-1)?.endsWith("watch") ? "refused" : "answered",
      requestMs: 0,
      responseMs: 0,
    });
    const b = cluster.startElector(second, "b");
    await cluster.simulation.advanceTo(5_000);
    const expectedRequests = ["500 list", "500 watch", "2500 list", "2500 watch", "4500 list", "4500 watch"];
    assert.deepEqual(second.requestLog, expectedRequests);
    assert.deepEqual(cluster.log, ["watch of Lease edgress/edgress: you may not watch"]);
    first.suspend(FOREVER); // renewed at 4 s, seen at 4.5 s
    assert.equal(await cluster.waitUntilHolding(b, 60_000), 19_500);
  });

  test("a watch that has gone silent is not trusted: the lease is listed", async () => {
    const cluster = new SimulatedCluster();
    const [first, second] = [cluster.createNode(), cluster.createNode()];
    cluster.startElector(first, "a");
    await cluster.simulation.advanceTo(500);
    second.nextOutcome = () => (second.requestLog.at(-1)?.endsWith("watch") ? UNANSWERED_REQUEST : IMMEDIATE_SUCCESS);
    const b = cluster.startElector(second, "b");
    await cluster.simulation.advanceTo(40_000);
    assert.equal(b.isLeader(), false);
    assert.deepEqual(second.requestLog.slice(0, 4), ["500 list", "500 watch", "5500 list", "5500 watch"]);
    assert.ok(!second.requestLog.some((line) => line.endsWith("replace")));
  });

  test("a release that fails is told, and does not reject", async () => {
    const cluster = new SimulatedCluster();
    const { first, a } = await cluster.startLeaderAndStandby();
    first.nextOutcome = () => LOST_REQUEST;
    const released = a.release();
    await cluster.simulation.advanceTo(10_000);
    await released;
    assert.deepEqual(cluster.log, ["Lease edgress/edgress: the connection broke"]);
  });
});

describe("what others do to the Lease", () => {
  test("a leader whose clock is a day behind, or stands still, is not taken over from", async () => {
    for (const today of [(now: number) => new Date(now), () => new Date(0)]) {
      const cluster = new SimulatedCluster();
      const [first, second] = [cluster.createNode(), cluster.createNode()];
      first.wallClock = today;
      const a = cluster.startElector(first, "a");
      await cluster.simulation.advanceTo(100);
      const b = cluster.startElector(second, "b");
      await cluster.simulation.advanceTo(100_000);
      assert.deepEqual([a.isLeader(), b.isLeader()], [true, false]);
    }
  });

  test("a Lease that is deleted under its leader is made anew by it, in a new term, and nobody else leads meanwhile", async () => {
    const cluster = new SimulatedCluster();
    const { a, b } = await cluster.startLeaderAndStandby();
    await cluster.simulation.advanceTo(3_000);
    cluster.store.remove();
    const leaderStates: boolean[] = [];
    await cluster.simulation.advanceTo(30_000, () => leaderStates.push(a.isLeader()));
    assert.ok(!leaderStates.includes(false));
    assert.deepEqual([a.status(), b.isLeader()], [{ type: "leader", term: 1 }, false]);
  });

  test("a leader that sees another's name on the Lease does not lead from then on", async () => {
    const cluster = new SimulatedCluster();
    const { a } = await cluster.startLeaderAndStandby();
    const { lease } = cluster.store;
    assert.ok(lease);
    cluster.store.replace({ ...lease, spec: { ...lease.spec, holderIdentity: "x" } });
    await cluster.simulation.advanceTo(2_100);
    assert.deepEqual(a.status(), { type: "standby", holder: "x" });
  });

  test("labels that others put on the Lease stay, and do not disturb its leader", async () => {
    const cluster = new SimulatedCluster();
    const { a } = await cluster.startLeaderAndStandby();
    const { lease } = cluster.store;
    assert.ok(lease);
    cluster.store.replace({ ...lease, metadata: { ...lease.metadata, labels: { team: "edge" } } });
    await cluster.simulation.advanceTo(5_000);
    assert.deepEqual(a.status(), { type: "leader", term: 0 });
    assert.deepEqual(cluster.store.lease?.metadata.labels, { team: "edge" });
  });
});

describe("leading once", () => {
  test("leads as soon as it can", async () => {
    const cluster = new SimulatedCluster();
    const machine = cluster.createNode();
    const once = acquireLeadership(machine.api, cluster.options(machine, "a"), 1_000);
    await cluster.simulation.advanceTo(5_000);
    const answer = await once;
    assert.ok(answer.ok);
    assert.deepEqual([answer.term, answer.leadership.isLeader()], [0, true]); // the limit is for the wait alone
  });

  test("says who leads where that does not end in time", async () => {
    const cluster = new SimulatedCluster();
    await cluster.startLeaderAndStandby();
    const machine = cluster.createNode();
    const once = acquireLeadership(machine.api, cluster.options(machine, "c"), 20_000);
    await cluster.simulation.advanceTo(21_000);
    assert.deepEqual(await once, { ok: false, problem: "Lease edgress/edgress: held by a" });
  });

  test("says what is in the way where the API server cannot be asked", async () => {
    const cluster = new SimulatedCluster();
    const machine = cluster.createNode();
    machine.nextOutcome = () => LOST_REQUEST;
    const once = acquireLeadership(machine.api, cluster.options(machine, "c"), 20_000);
    await cluster.simulation.advanceTo(40_000);
    assert.deepEqual(await once, { ok: false, problem: "Lease edgress/edgress: the connection broke" });
  });
});

const delayMs = fc.oneof({ weight: 5, arbitrary: fc.nat(50) }, { weight: 1, arbitrary: fc.nat(20_000) });
const networkOutcome = fc.record({
  type: fc.constantFrom<NetworkOutcome["type"]>(
    "answered",
    "answered",
    "answered",
    "answered",
    "refused",
    "lost",
    "unanswered",
  ),
  requestMs: delayMs,
  responseMs: delayMs,
  suspendMs: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40_000) }),
});
const pause = fc.record({
  machine: fc.nat(2),
  at: fc.nat(120_000),
  ms: fc.oneof(fc.nat(5_000), fc.nat(40_000), fc.constant(FOREVER)),
});
const release = fc.record({ machine: fc.nat(2), at: fc.nat(120_000) });
const clockRate = fc.constantFrom(0, 1, -1, 1_000);

test("whatever becomes of requests, watches and machines, at no instant do two lead, and terms only grow", async () => {
  const lists = [
    fc.array(networkOutcome, { minLength: 1, maxLength: 40 }),
    fc.array(pause),
    fc.array(release),
  ] as const;
  const rates = fc.tuple(clockRate, clockRate, clockRate);
  let [instants, takeovers] = [0, 0];
  await fc.assert(
    fc.asyncProperty(...lists, rates, async (outcomes, pauses, releases, rates) => {
      const cluster = new SimulatedCluster();
      const machines = rates.map((rate) => {
        const machine = cluster.createNode();
        machine.wallClock = (now) => new Date(Date.UTC(2026, 0) + now * rate);
        return machine;
      });
      let requestCount = 0;
      for (const machine of machines)
        machine.nextOutcome = () => outcomes[requestCount++ % outcomes.length] ?? IMMEDIATE_SUCCESS;
      const candidates = machines.map((machine, index) => cluster.startElector(machine, "abc"[index] ?? ""));
      for (const { machine, at, ms } of pauses) cluster.simulation.schedule(at, () => machines[machine]?.suspend(ms));
      for (const { machine, at } of releases)
        cluster.simulation.schedule(at, () => void candidates[machine]?.release());
      const terms: { term: number; by: string }[] = [];
      await cluster.simulation.advanceTo(120_000, () => {
        const leading = candidates.flatMap((candidate) => listTerms(candidate));
        assert.ok(leading.length <= 1, `at ${cluster.simulation.now} ms ${leading.length} lead`);
        instants += leading.length;
        const [now, last] = [leading[0], terms.at(-1)];
        if (!now || (last?.term === now.term && last.by === now.by)) return;
        assert.ok(!last || now.term > last.term, `${now.by} leads in term ${now.term} after ${last?.term}`);
        takeovers++;
        terms.push(now);
      });
    }),
    { numRuns: 200 },
  );
  assert.ok(instants > 5_000 && takeovers > 150, `${instants} ${takeovers}`); // it was not empty
});

/** The term in which a candidate leads, if it does. */
function listTerms(candidate: Leadership): { term: number; by: string }[] {
  const status = candidate.status();
  assert.equal(candidate.isLeader(), status.type === "leader");
  return status.type === "leader" ? [{ term: status.term, by: candidate.identity }] : [];
}
