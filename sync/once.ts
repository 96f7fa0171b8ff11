import type { Done } from "./cluster-round.ts";
import { reasons } from "./compile/diagnostic.ts";
import { equip, type Place, pause, type SyncOptions } from "./equip.ts";
import { START, step } from "./job.ts";
import { acquireOnce } from "./lead/lead.ts";

const LEASE_MS = 30_000;
const LISTS_MS = 60_000;
const LOOK_MS = 50;

/** One round, for CI and CronJobs. The exit code: 0 where everything was published, else 1. */
export async function once(
  options: SyncOptions,
  place: Place,
  lease: { readonly name: string; readonly identity: string },
  ended: AbortSignal,
): Promise<number> {
  const { api, namespace, log } = place;
  const leaseOptions = { namespace, ...lease, log: (line: string) => log.warn(line) };
  const acquired = await acquireOnce(api, leaseOptions, LEASE_MS);
  if (!acquired.ok) {
    log.error(`nothing was published: ${acquired.problem}`);
    return 1;
  }
  const over = new AbortController();
  try {
    const listener = { changed: () => {}, outgrown: () => {} };
    const job = await equip(options, place, acquired.leadership, listener, over.signal);
    for (const began = performance.now(); performance.now() - began < LISTS_MS && !ended.aborted; ) {
      const { result } = await step(job, START);
      if (result.type === "none") await pause(LOOK_MS, ended);
      else return result.type === "done" ? exitCodeOf(result.done) : 1;
    }
    log.error("nothing was published: the first lists are not in");
    return 1;
  } finally {
    await acquired.leadership.release();
    over.abort();
  }
}

function exitCodeOf({ outcome, kept }: Done): number {
  if (outcome === "held") return 1;
  return kept.compiled.diagnostics.some(({ reason }) => reasons[reason].severity === "error") ? 1 : 0;
}
