import assert from "node:assert/strict";
import { test } from "node:test";
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import type { Leadership } from "../../sync/leader-election/leader-election.ts";
import { FOREVER, SimulatedCluster } from "../support/leader-election/simulated-cluster.ts";
import { IMMEDIATE_SUCCESS, type NetworkOutcome } from "../support/leader-election/simulated-time.ts";

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
  node: fc.nat(2),
  at: fc.nat(120_000),
  ms: fc.oneof(fc.nat(5_000), fc.nat(40_000), fc.constant(FOREVER)),
});
const release = fc.record({ node: fc.nat(2), at: fc.nat(120_000) });
const clockRate = fc.constantFrom(0, 1, -1, 1_000);

test("At most one candidate leads at any time, and terms only grow, in spite of lost requests and suspended nodes", async () => {
  const lists = [
    fc.array(networkOutcome, { minLength: 1, maxLength: 40 }),
    fc.array(pause),
    fc.array(release),
  ] as const;
  const rates = fc.tuple(clockRate, clockRate, clockRate);
  let [leadingSteps, takeovers] = [0, 0];
  await fc.assert(
    fc.asyncProperty(...lists, rates, async (outcomes, pauses, releases, rates) => {
      const cluster = new SimulatedCluster();
      const nodes = rates.map((rate) => {
        const node = cluster.createNode();
        node.wallClock = (now) => new Date(Date.UTC(2026, 0) + now * rate);
        return node;
      });
      let requestCount = 0;
      for (const node of nodes)
        node.nextOutcome = () => outcomes[requestCount++ % outcomes.length] ?? IMMEDIATE_SUCCESS;
      const candidates = nodes.map((node, index) => cluster.startElector(node, "abc"[index] ?? ""));
      for (const { node, at, ms } of pauses) cluster.simulation.schedule(at, () => nodes[node]?.suspend(ms));
      for (const { node, at } of releases) cluster.simulation.schedule(at, () => void candidates[node]?.release());
      const terms: LeaderTerm[] = [];
      await cluster.simulation.advanceTo(120_000, () => {
        const leaders = candidates.flatMap((candidate) => listTerms(candidate));
        assert.ok(leaders.length <= 1, `${leaders.length} leaders at ${cluster.simulation.now} ms`);
        leadingSteps += leaders.length;
        const [currentTerm, lastTerm] = [leaders[0], terms.at(-1)];
        if (!currentTerm || isDeepStrictEqual(currentTerm, lastTerm)) return;
        const { identity, term } = currentTerm;
        assert.ok(!lastTerm || term > lastTerm.term, `${identity} leads in term ${term} after ${lastTerm?.term}`);
        takeovers++;
        terms.push(currentTerm);
      });
    }),
    { numRuns: 200 },
  );
  assert.ok(leadingSteps > 5_000 && takeovers > 150, `${leadingSteps} ${takeovers}`); // the property was exercised
});

interface LeaderTerm {
  readonly term: number;
  readonly identity: string;
}

/** Returns the term in which a candidate leads, or nothing. */
function listTerms(candidate: Leadership): LeaderTerm[] {
  const status = candidate.status();
  assert.equal(candidate.isLeader(), status.type === "leader");
  return status.type === "leader" ? [{ term: status.term, identity: candidate.identity }] : [];
}
