import { joinElection, type Leadership } from "../../../sync/leader-election/leader-election.ts";
import { LeaseStore } from "./lease-store.ts";
import { type NetworkOutcome, SimulatedNode, Simulation } from "./simulated-time.ts";

export const LOST_REQUEST: NetworkOutcome = { type: "lost", requestMs: 5, responseMs: 5 };
export const UNANSWERED_REQUEST: NetworkOutcome = { type: "unanswered", requestMs: 5, responseMs: 5 };
export const FOREVER = Number.POSITIVE_INFINITY;

/** A simulated cluster with one Lease. Its nodes run candidates. */
export class SimulatedCluster {
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

  /** Starts a candidate on a node. */
  startElector(node: SimulatedNode, identity: string): Leadership {
    return joinElection(node.api, this.options(node, identity), new AbortController().signal);
  }

  /** Starts the leader `a`, which renews the Lease at every even second, and the standby `b`. */
  async startLeaderAndStandby() {
    const [leaderNode, standbyNode] = [this.createNode(), this.createNode()];
    const leader = this.startElector(leaderNode, "a");
    await this.simulation.advanceTo(100);
    const standby = this.startElector(standbyNode, "b");
    await this.simulation.advanceTo(200);
    return { leaderNode, standbyNode, leader, standby };
  }

  /** Advances to `time`, and returns the first time at which the candidate led. */
  async findLeadershipStart(candidate: Leadership, time: number): Promise<number | undefined> {
    let startedAt: number | undefined;
    await this.simulation.advanceTo(time, () => {
      if (candidate.isLeader()) startedAt ??= this.simulation.now;
    });
    return startedAt;
  }

  holder(): string | null | undefined {
    return this.store.lease?.spec?.holderIdentity;
  }
}
