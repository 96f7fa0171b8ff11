// Run by `npm run test:cluster`: several sync jobs of one cluster, of which one writes.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { apply } from "../support/cluster/cluster.ts";
import { startCluster } from "../support/cluster/control-plane.ts";
import { becomes, ingressesOf, ingressOf, syncedWith, within } from "../support/cluster/synced.ts";
import { service } from "../support/edge.ts";
import { type Recorder, startRecorder } from "../support/recorder.ts";
import { type SyncJob, startSync } from "../support/sync-cli.ts";

/** The Lease's 15 s, and a little for the one who has waited for it to say so. */
const CRASH_MS = 16_000;

const cluster = await startCluster();
after(() => cluster.close());
const synced = await syncedWith(cluster);
after(() => synced.close());
const { api, answer, answers, isLive } = synced;
const home = await cluster.namespace();

describe("of several sync jobs", () => {
  const replicas: Replica[] = [];
  let [leader, other] = replicas;

  before(async () => {
    await synced.origin("203.0.113.21:80", "web");
    await apply(cluster, home, service("web", ["203.0.113.21"]));
    leader = await replica("first");
    await leader.job.line(/^leads, /);
    other = await standby("second");
    await create("one");
    await isLive(home, "one");
    assert.deepEqual(other.account.writes, []);
  });

  after(() => Promise.all(replicas.flatMap(({ job, account }) => [job.end("SIGKILL"), account.close()])));

  test("the other takes over at once where the leader is stopped", async (t) => {
    const { job } = taken(leader);
    await within(t, 3000, "takes over", {
      change: async () => assert.equal((await job.end()).code, 0),
      seen: () => taken(other).job.line(/^leads, /),
    });
    await create("two");
    await answers("http://two.example.com/", "web /");
    [leader, other] = [other, await standby("third")];
  });

  test("the other takes over within 15 s where the leader is killed, and publishes what has changed since", async (t) => {
    const { job } = taken(other);
    let live: Promise<unknown> | undefined;
    await within(t, CRASH_MS, "takes over", {
      async change() {
        await taken(leader).job.end("SIGKILL");
        await create("three");
        live = within(t, CRASH_MS + 1000, "live", { seen: () => answers("http://three.example.com/", "web /") });
      },
      seen: () => job.line(/^leads, /),
    });
    await live;
    assert.equal(await answer("http://one.example.com/"), "web /");
    [leader, other] = [other, await standby("fourth")];
  });

  test("a former leader that wakes up in the middle of its round does not write", async (t) => {
    const [asleep, awake] = [taken(leader), taken(other)];
    const kept = asleep.account.keepAnswer();
    await create("four");
    await kept; // so that the next thing it does when it wakes up is to go on publishing
    const { length: linesBefore } = asleep.job.lines;
    await within(t, CRASH_MS, "the other takes over", {
      change: async () => asleep.job.kill("SIGSTOP"),
      seen: () => awake.job.line(/^leads, /),
    });
    await answers("http://four.example.com/", "web /");
    const [first] = awake.account.writes;
    assert(first);

    asleep.account.giveAnswer();
    asleep.job.kill("SIGCONT");
    await asleep.job.line(/^stands by; fourth_/, linesBefore);
    await create("five");
    await answers("http://five.example.com/", "web /");
    await becomes("the former leader", asleep.job.readiness, "ok: standing by");
    assert.deepEqual(
      asleep.account.writes.filter(({ at }) => at > first.at),
      [],
    );
    await asleep.job.line(/^the round failed: not the leader any more/, linesBefore);
  });

  interface Replica {
    readonly job: SyncJob;
    readonly account: Recorder;
  }

  /** A sync job with a view of its own on the account. */
  async function replica(name: string): Promise<Replica> {
    const account = await startRecorder(synced.edge.stack.account.baseURL);
    const job = await startSync({
      kubeconfig: cluster.kubeconfig,
      environment: { ...synced.environment, CLOUDFLARE_BASE_URL: account.baseURL, POD_NAME: name },
      args: ["--namespace", home, "--watch-namespace", home, "--ingress-class", home],
    });
    replicas.push({ job, account });
    return { job, account };
  }

  async function standby(name: string): Promise<Replica> {
    const made = await replica(name);
    await becomes(name, made.job.readiness, "ok: standing by");
    return made;
  }
});

async function create(name: string): Promise<void> {
  await api.create(ingressesOf(home), ingressOf(home, name, { "/": "web" }));
}

/** What a test before has set. */
function taken<T>(set: T | undefined): T {
  assert(set);
  return set;
}
