import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { NotLeading } from "../sync/lead/hold.ts";
import { acquireOnce, identityOf, type Leadership, lead, type Standing } from "../sync/lead/lead.ts";
import { termOf } from "../sync/lead/lease.ts";
import { LeaseStore } from "./support/lease-store.ts";
import { type Fate, FINE, Machine, World } from "./support/world.ts";

const LOST: Fate = { type: "lost", there: 5, back: 5 };
const UNANSWERED: Fate = { type: "unanswered", there: 5, back: 5 };
const FOR_EVER = Number.POSITIVE_INFINITY;

/** A cluster with its Lease, in which machines run candidates named a, b, c. */
class Cluster {
  readonly world = new World();
  readonly store = new LeaseStore();
  readonly log: string[] = [];

  machine(): Machine {
    return new Machine(this.world, this.store);
  }

  options(machine: Machine, identity: string) {
    const log = (line: string) => this.log.push(line);
    return { namespace: "edgress", name: "edgress", identity, log, clock: machine.clock, random: () => 0 };
  }

  /** Starts a candidate on `machine`. */
  lead(machine: Machine, identity: string): Leadership {
    return lead(machine.api, this.options(machine, identity), new AbortController().signal);
  }

  /** A leader that began at 0, so renews at every even second, and one who stands by. */
  async pair() {
    const [first, second] = [this.machine(), this.machine()];
    const a = this.lead(first, "a");
    await this.world.until(100);
    const b = this.lead(second, "b");
    await this.world.until(200);
    return { first, second, a, b };
  }

  /** When it first holds, looking at whatever happens until `time`. */
  async heldFrom(candidate: Leadership, time: number): Promise<number | undefined> {
    let from: number | undefined;
    await this.world.until(time, () => {
      if (candidate.holds()) from ??= this.world.now;
    });
    return from;
  }

  holder(): string | null | undefined {
    return this.store.lease?.spec?.holderIdentity;
  }
}

describe("leading", () => {
  test("the first leads at once, and renews every two seconds", async () => {
    const cluster = new Cluster();
    const machine = cluster.machine();
    const a = cluster.lead(machine, "a");
    await cluster.world.until(4_500);
    assert.deepEqual(machine.sent, ["0 list", "0 create", "2000 replace", "4000 replace"]);
    assert.deepEqual([a.holds(), a.standing()], [true, { type: "leading", term: 0 }]);
  });

  test("the second stands by with one list and one watch, and knows who leads", async () => {
    const cluster = new Cluster();
    const { second, b } = await cluster.pair();
    await cluster.world.until(20_000);
    assert.deepEqual(second.sent, ["100 list", "100 watch"]);
    assert.deepEqual([b.holds(), b.standing()], [false, { type: "standing by", holder: "a" }]);
  });

  test("a leader that is killed is followed within 15 s", async () => {
    const cluster = new Cluster();
    const { first, b } = await cluster.pair();
    await cluster.world.until(7_000);
    first.suspend(FOR_EVER);
    assert.equal(await cluster.heldFrom(b, 60_000), 21_000); // its last renewal was seen at 6 s
    assert.deepEqual(b.standing(), { type: "leading", term: 1 });
  });

  test("a clean stop is followed at once", async () => {
    const cluster = new Cluster();
    const { a, b } = await cluster.pair();
    await cluster.world.until(7_000);
    const released = a.release();
    assert.equal(a.holds(), false);
    assert.equal(await cluster.heldFrom(b, 7_000), 7_000);
    await released;
    assert.equal(cluster.holder(), "b");
  });

  test("one who stands by has nothing to give back", async () => {
    const cluster = new Cluster();
    const { second, a, b } = await cluster.pair();
    await b.release();
    assert.deepEqual(second.sent, ["100 list", "100 watch"]);
    assert.equal(a.holds(), true);
  });

  test("whose end came without a release does not lead any more, and leaves the lease to run out", async () => {
    const cluster = new Cluster();
    const [machine, ended] = [cluster.machine(), new AbortController()];
    const a = lead(machine.api, cluster.options(machine, "a"), ended.signal);
    await cluster.world.until(100);
    assert.equal(a.holds(), true);
    ended.abort();
    assert.equal(a.holds(), false);
    await cluster.world.until(10_000);
    assert.deepEqual([machine.sent.length, cluster.holder()], [2, "a"]);
  });

  test("a renewal that is answered only after the release is given back too", async () => {
    const cluster = new Cluster();
    const { first, a } = await cluster.pair();
    first.fate = () => ({ type: "answered", there: 50, back: 1_000 });
    await cluster.world.until(2_100);
    const released = a.release();
    first.fate = () => FINE;
    await cluster.world.until(4_000);
    await released;
    assert.deepEqual([a.holds(), cluster.holder()], [false, "b"]);
  });

  test("of two who take it at the same time one is quicker, and the other stands by again", async () => {
    const cluster = new Cluster();
    const { first, second, b } = await cluster.pair();
    const [third, fourth] = [cluster.machine(), cluster.machine()];
    const [c, d] = [cluster.lead(third, "c"), cluster.lead(fourth, "d")];
    await cluster.world.until(3_000); // all saw the renewal at 2 s
    first.suspend(FOR_EVER);
    await cluster.world.until(17_000);
    assert.deepEqual([b.holds(), c.holds(), d.holds()], [true, false, false]);
    assert.deepEqual(third.sent.slice(-3), ["17000 replace", "17000 list", "17000 watch"]);
    assert.deepEqual(c.standing(), { type: "standing by", holder: "b" });
    second.suspend(FOR_EVER);
    await cluster.world.until(32_000);
    assert.deepEqual([c.holds(), d.holds()], [true, false]);
    assert.deepEqual(cluster.log, []); // to be slower is no problem
  });

  test("who is released while it takes the lease gives it back, and never leads", async () => {
    const cluster = new Cluster();
    const machine = cluster.machine();
    machine.fate = () => ({ type: "answered", there: 10, back: 1_000 });
    const a = cluster.lead(machine, "a");
    await cluster.world.until(1_100); // it was created at 1,020 and a does not know yet
    const released = a.release();
    const held: boolean[] = [];
    await cluster.world.until(5_000, () => held.push(a.holds()));
    await released;
    assert.ok(!held.includes(true));
    assert.equal(cluster.holder(), "");
  });

  test("standings tell of each change, and leave out what passed unread", async () => {
    const cluster = new Cluster();
    const { first, a, b } = await cluster.pair();
    const told: Standing[] = [];
    void (async () => {
      for await (const standing of b.standings()) told.push(standing);
      told.push({ type: "standing by", holder: "the end" });
    })();
    await cluster.world.until(1_000);
    first.suspend(FOR_EVER);
    await cluster.world.until(20_000);
    const released = b.release();
    await cluster.world.until(21_000);
    await released;
    assert.deepEqual(told, [
      { type: "standing by", holder: "a" },
      { type: "leading", term: 1 },
      { type: "standing by", holder: "the end" },
    ]);
    assert.equal(a.holds(), false);
  });

  test("an identity names the Pod and is like no other", () => {
    assert.match(identityOf("edgress-5d8-x7"), /^edgress-5d8-x7_[0-9a-f-]{36}$/);
    assert.notEqual(identityOf("a"), identityOf("a"));
    assert.match(identityOf(undefined), /^.+_[0-9a-f-]{36}$/);
  });
});

describe("a leader that was suspended", () => {
  test("does not lead when it wakes past its deadline, before anything else happens", async () => {
    const cluster = new Cluster();
    const { first, a } = await cluster.pair();
    first.suspend(60_000);
    await cluster.world.until(9_999);
    assert.equal(a.holds(), true); // sent at 0
    cluster.world.now = 10_000;
    assert.equal(a.holds(), false);
    assert.throws(() => a.check(), NotLeading);
  });

  test("stands by when it wakes and another leads", async () => {
    const cluster = new Cluster();
    const { first, a, b } = await cluster.pair();
    first.suspend(60_000);
    await cluster.world.until(61_000);
    assert.deepEqual([a.holds(), b.holds()], [false, true]);
    assert.deepEqual(a.standing(), { type: "standing by", holder: "b" });
  });

  test("leads in a new term when it wakes and nobody else came, and what it began in the old one is not written", async () => {
    const cluster = new Cluster();
    const machine = cluster.machine();
    const a = cluster.lead(machine, "a");
    await cluster.world.until(100);
    a.check(0);
    machine.suspend(60_000);
    await cluster.world.until(61_000);
    assert.deepEqual(a.standing(), { type: "leading", term: 1 });
    a.check();
    a.check(1);
    assert.throws(() => a.check(0), /in term 1: what was begun in term 0 is not written/);
  });

  test("does not lead by an answer that it reads long after it asked", async () => {
    const cluster = new Cluster();
    const machine = cluster.machine();
    machine.fate = () => ({ type: "answered", there: 1, back: 1 });
    const a = cluster.lead(machine, "a");
    await cluster.world.until(2); // the list is answered, and the Lease asked for
    machine.suspend(16_000);
    assert.equal(await cluster.heldFrom(a, 20_000), 16_004); // not at 16,002, when it reads that it had the lease
    assert.deepEqual(a.standing(), { type: "leading", term: 1 });
  });

  test("leads in a new term if it did not lead for a moment, though its renewal came through", async () => {
    const cluster = new Cluster();
    const machine = cluster.machine();
    const a = cluster.lead(machine, "a");
    await cluster.world.until(1_000);
    machine.fate = () => LOST;
    await cluster.world.until(7_000); // it tries at 2, 4, 6 and 8 s
    machine.fate = () => ({ type: "answered", there: 1, back: 1, suspended: 3_000 });
    await cluster.world.until(10_500);
    assert.equal(a.holds(), false);
    machine.fate = () => FINE;
    await cluster.world.until(11_500);
    assert.deepEqual(a.standing(), { type: "leading", term: 1 });
  });
});

describe("without the API server", () => {
  test("a leader leads until its deadline, keeps trying, and leads again in a new term", async () => {
    const cluster = new Cluster();
    const { first, second, a, b } = await cluster.pair();
    await cluster.world.until(3_000); // renewed at 2 s
    first.fate = () => LOST;
    second.fate = () => LOST;
    await cluster.world.until(11_999);
    assert.equal(a.holds(), true);
    await cluster.world.until(12_000);
    assert.equal(a.holds(), false);
    await cluster.world.until(100_000);
    assert.deepEqual([a.holds(), b.holds()], [false, false]); // nobody takes over what cannot be asked for
    first.fate = () => FINE;
    second.fate = () => FINE;
    await cluster.world.until(103_000);
    assert.equal([a, b].filter((candidate) => candidate.holds()).length, 1);
    assert.equal(cluster.store.lease && termOf(cluster.store.lease), 1);
    assert.deepEqual(cluster.log.slice(0, 1), ["Lease edgress/edgress: the connection broke"]);
    assert.ok(cluster.log.length <= 4, cluster.log.join("\n")); // told once, not at every try
  });

  test("one renewal that hangs does not cost the leadership", async () => {
    const cluster = new Cluster();
    const { first, a } = await cluster.pair();
    await cluster.world.until(3_000);
    first.fate = () => {
      first.fate = () => FINE;
      return { type: "unanswered", there: 60_000, back: 0 };
    };
    const held: boolean[] = [];
    await cluster.world.until(70_000, () => held.push(a.holds()));
    assert.ok(!held.includes(false));
    assert.deepEqual(a.standing(), { type: "leading", term: 0 });
  });

  test("a renewal that was made but not answered is found out, and renewed", async () => {
    const cluster = new Cluster();
    const { first, a, b } = await cluster.pair();
    await cluster.world.until(3_000);
    first.fate = () => {
      first.fate = () => FINE;
      return UNANSWERED;
    };
    const held: boolean[] = [];
    await cluster.world.until(30_000, () => held.push(a.holds()));
    assert.ok(!held.includes(false));
    assert.deepEqual(a.standing(), { type: "leading", term: 0 });
    assert.equal(b.holds(), false);
  });

  test("where the watch is refused, it is listed every two seconds", async () => {
    const cluster = new Cluster();
    const [first, second] = [cluster.machine(), cluster.machine()];
    cluster.lead(first, "a");
    await cluster.world.until(500);
    second.fate = () => ({ type: second.sent.at(-1)?.endsWith("watch") ? "refused" : "answered", there: 0, back: 0 });
    const b = cluster.lead(second, "b");
    await cluster.world.until(5_000);
    const asked = ["500 list", "500 watch", "2500 list", "2500 watch", "4500 list", "4500 watch"];
    assert.deepEqual(second.sent, asked);
    assert.deepEqual(cluster.log, ["watch of Lease edgress/edgress: you may not watch"]);
    first.suspend(FOR_EVER); // renewed at 4 s, seen at 4.5 s
    assert.equal(await cluster.heldFrom(b, 60_000), 19_500);
  });

  test("a watch that has gone silent is not trusted: the lease is listed", async () => {
    const cluster = new Cluster();
    const [first, second] = [cluster.machine(), cluster.machine()];
    cluster.lead(first, "a");
    await cluster.world.until(500);
    second.fate = () => (second.sent.at(-1)?.endsWith("watch") ? UNANSWERED : FINE);
    const b = cluster.lead(second, "b");
    await cluster.world.until(40_000);
    assert.equal(b.holds(), false);
    assert.deepEqual(second.sent.slice(0, 4), ["500 list", "500 watch", "5500 list", "5500 watch"]);
    assert.ok(!second.sent.some((line) => line.endsWith("replace")));
  });

  test("a release that fails is told, and does not reject", async () => {
    const cluster = new Cluster();
    const { first, a } = await cluster.pair();
    first.fate = () => LOST;
    const released = a.release();
    await cluster.world.until(10_000);
    await released;
    assert.deepEqual(cluster.log, ["Lease edgress/edgress: the connection broke"]);
  });
});

describe("what others do to the Lease", () => {
  test("a leader whose clock is a day behind, or stands still, is not taken over from", async () => {
    for (const today of [(now: number) => new Date(now), () => new Date(0)]) {
      const cluster = new Cluster();
      const [first, second] = [cluster.machine(), cluster.machine()];
      first.today = today;
      const a = cluster.lead(first, "a");
      await cluster.world.until(100);
      const b = cluster.lead(second, "b");
      await cluster.world.until(100_000);
      assert.deepEqual([a.holds(), b.holds()], [true, false]);
    }
  });

  test("a Lease that is deleted under its leader is made anew by it, in a new term, and nobody else leads meanwhile", async () => {
    const cluster = new Cluster();
    const { a, b } = await cluster.pair();
    await cluster.world.until(3_000);
    cluster.store.remove();
    const held: boolean[] = [];
    await cluster.world.until(30_000, () => held.push(a.holds()));
    assert.ok(!held.includes(false));
    assert.deepEqual([a.standing(), b.holds()], [{ type: "leading", term: 1 }, false]);
  });

  test("a leader that sees another's name on the Lease does not lead from then on", async () => {
    const cluster = new Cluster();
    const { a } = await cluster.pair();
    const { lease } = cluster.store;
    assert.ok(lease);
    cluster.store.replace({ ...lease, spec: { ...lease.spec, holderIdentity: "x" } });
    await cluster.world.until(2_100);
    assert.deepEqual(a.standing(), { type: "standing by", holder: "x" });
  });

  test("labels that others put on the Lease stay, and do not disturb its leader", async () => {
    const cluster = new Cluster();
    const { a } = await cluster.pair();
    const { lease } = cluster.store;
    assert.ok(lease);
    cluster.store.replace({ ...lease, metadata: { ...lease.metadata, labels: { team: "edge" } } });
    await cluster.world.until(5_000);
    assert.deepEqual(a.standing(), { type: "leading", term: 0 });
    assert.deepEqual(cluster.store.lease?.metadata.labels, { team: "edge" });
  });
});

describe("leading once", () => {
  test("leads as soon as it can", async () => {
    const cluster = new Cluster();
    const machine = cluster.machine();
    const once = acquireOnce(machine.api, cluster.options(machine, "a"), 1_000);
    await cluster.world.until(5_000);
    const answer = await once;
    assert.ok(answer.ok);
    assert.deepEqual([answer.term, answer.leadership.holds()], [0, true]); // the limit is for the wait alone
  });

  test("says who leads where that does not end in time", async () => {
    const cluster = new Cluster();
    await cluster.pair();
    const machine = cluster.machine();
    const once = acquireOnce(machine.api, cluster.options(machine, "c"), 20_000);
    await cluster.world.until(21_000);
    assert.deepEqual(await once, { ok: false, problem: "Lease edgress/edgress: held by a" });
  });

  test("says what is in the way where the API server cannot be asked", async () => {
    const cluster = new Cluster();
    const machine = cluster.machine();
    machine.fate = () => LOST;
    const once = acquireOnce(machine.api, cluster.options(machine, "c"), 20_000);
    await cluster.world.until(40_000);
    assert.deepEqual(await once, { ok: false, problem: "Lease edgress/edgress: the connection broke" });
  });
});

const travel = fc.oneof({ weight: 5, arbitrary: fc.nat(50) }, { weight: 1, arbitrary: fc.nat(20_000) });
const fate = fc.record({
  type: fc.constantFrom<Fate["type"]>("answered", "answered", "answered", "answered", "refused", "lost", "unanswered"),
  there: travel,
  back: travel,
  suspended: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(40_000) }),
});
const pause = fc.record({
  machine: fc.nat(2),
  at: fc.nat(120_000),
  ms: fc.oneof(fc.nat(5_000), fc.nat(40_000), fc.constant(FOR_EVER)),
});
const release = fc.record({ machine: fc.nat(2), at: fc.nat(120_000) });
const clockRate = fc.constantFrom(0, 1, -1, 1_000);

test("whatever becomes of requests, watches and machines, at no instant do two lead, and terms only grow", async () => {
  const lists = [fc.array(fate, { minLength: 1, maxLength: 40 }), fc.array(pause), fc.array(release)] as const;
  const rates = fc.tuple(clockRate, clockRate, clockRate);
  let [instants, takeovers] = [0, 0];
  await fc.assert(
    fc.asyncProperty(...lists, rates, async (fates, pauses, releases, rates) => {
      const cluster = new Cluster();
      const machines = rates.map((rate) => {
        const machine = cluster.machine();
        machine.today = (now) => new Date(Date.UTC(2026, 0) + now * rate);
        return machine;
      });
      let asked = 0;
      for (const machine of machines) machine.fate = () => fates[asked++ % fates.length] ?? FINE;
      const candidates = machines.map((machine, index) => cluster.lead(machine, "abc"[index] ?? ""));
      for (const { machine, at, ms } of pauses) cluster.world.at(at, () => machines[machine]?.suspend(ms));
      for (const { machine, at } of releases) cluster.world.at(at, () => void candidates[machine]?.release());
      const terms: { term: number; by: string }[] = [];
      await cluster.world.until(120_000, () => {
        const leading = candidates.flatMap((candidate) => termsOf(candidate));
        assert.ok(leading.length <= 1, `at ${cluster.world.now} ms ${leading.length} lead`);
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
function termsOf(candidate: Leadership): { term: number; by: string }[] {
  const standing = candidate.standing();
  assert.equal(candidate.holds(), standing.type === "leading");
  return standing.type === "leading" ? [{ term: standing.term, by: candidate.identity }] : [];
}
