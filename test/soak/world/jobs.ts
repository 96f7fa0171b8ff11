import { type ControllerProcess, startControllerProcess } from "../../support/controller/controller-process.ts";
import { createLock } from "../lock.ts";

/** The replicas of `edgress sync`: processes of their own. One of them is the leader. */
export interface SyncJobs {
  /** Returns the names of the replicas that run. */
  names(): readonly string[];
  /** Returns the name of the leader; undefined if no replica says so. */
  findLeader(): Promise<string | undefined>;
  /** Ends a replica with a signal. */
  end(name: string, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Starts a replica, unless it runs. */
  start(name: string): Promise<void>;
  /** Restarts every replica with further arguments. */
  restartAllWith(args: readonly string[]): Promise<void>;
  /** Returns the last lines of the log of each replica. */
  lastLines(): readonly string[];
  /** The log of the replicas that have ended. */
  readonly log: readonly string[];
  close(): Promise<void>;
}

export interface SyncJobsOptions {
  readonly kubeconfig: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

const REPLICAS = ["edgress-0", "edgress-1"];
const LAST_LINES = 5;

export async function startSyncJobs({ kubeconfig, environment, args }: SyncJobsOptions): Promise<SyncJobs> {
  const replicas = new Map<string, ControllerProcess>();
  const lock = createLock();
  const log: string[] = [];
  let furtherArgs: readonly string[] = [];
  const start = async (name: string) => {
    const variables = { ...environment, POD_NAME: name, POD_NAMESPACE: "default" };
    replicas.set(
      name,
      await startControllerProcess({ kubeconfig, environment: variables, args: [...args, ...furtherArgs] }),
    );
  };
  const end = async (name: string, signal: "SIGTERM" | "SIGKILL") => {
    const replica = replicas.get(name);
    replicas.delete(name);
    await replica?.end(signal);
    log.push(...(replica?.lines ?? []).map((line) => `${name} ${JSON.stringify(line)}`));
  };
  await Promise.all(REPLICAS.map(start));
  return {
    log,
    names: () => [...replicas.keys()],
    async findLeader() {
      for (const [name, replica] of replicas)
        if ((await replica.metric("edgress_leader").catch(() => 0)) === 1) return name;
      return undefined;
    },
    end: (name, signal) => lock.run(() => end(name, signal)),
    start: (name) => lock.run(async () => (replicas.has(name) ? undefined : await start(name))),
    restartAllWith: (newArgs) =>
      lock.run(async () => {
        furtherArgs = newArgs;
        await Promise.all(REPLICAS.map((name) => end(name, "SIGTERM")));
        await Promise.all(REPLICAS.map(start));
      }),
    lastLines: () =>
      [...replicas].flatMap(([name, { lines }]) =>
        lines.slice(-LAST_LINES).map((line) => `${name}: ${JSON.stringify(line)}`),
      ),
    async close() {
      await lock.run(async () => void (await Promise.all(REPLICAS.map((name) => end(name, "SIGTERM")))));
    },
  };
}
